//! What is malformed in protobuf is refused, and the refusal names the field; what is unusual is read all the same.

use std::collections::BTreeMap;

use bytes::Bytes;
use phalanx_protocol::grpc::{self, proto};
use phalanx_protocol::{InputData, Limits, Parameter, ProtocolError};
use phalanx_tensor::Tensor;
use proto::infer_parameter::ParameterChoice;
use proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use proto::{InferParameter, InferTensorContents, ModelInferRequest};

fn tensor(datatype: &str, shape: &[i64]) -> InferInputTensor {
    InferInputTensor {
        name: "x".to_owned(),
        datatype: datatype.to_owned(),
        shape: shape.to_vec(),
        ..InferInputTensor::default()
    }
}

fn typed(datatype: &str, shape: &[i64], contents: InferTensorContents) -> ModelInferRequest {
    let input = InferInputTensor { contents: Some(contents), ..tensor(datatype, shape) };
    ModelInferRequest { inputs: vec![input], ..ModelInferRequest::default() }
}

fn raw(datatype: &str, shape: &[i64], parts: &[&'static [u8]]) -> ModelInferRequest {
    ModelInferRequest {
        inputs: vec![tensor(datatype, shape)],
        raw_input_contents: parts.iter().map(|part| Bytes::from_static(part)).collect(),
        ..ModelInferRequest::default()
    }
}

fn parameters(all: &[(&str, ParameterChoice)]) -> BTreeMap<String, InferParameter> {
    let one = |choice: &ParameterChoice| InferParameter { parameter_choice: Some(choice.clone()) };
    all.iter().map(|(name, choice)| ((*name).to_owned(), one(choice))).collect()
}

fn shared(all: &[(&str, ParameterChoice)]) -> ModelInferRequest {
    let input = InferInputTensor { parameters: parameters(all), ..tensor("FP32", &[1]) };
    ModelInferRequest { inputs: vec![input], ..ModelInferRequest::default() }
}

#[track_caller]
fn refused(message: ModelInferRequest, expected: &str) -> String {
    let error = grpc::decode_request(message, &Limits::default()).expect_err("it is malformed");
    let text = error.to_string();
    let ProtocolError::Field { field, .. } = error else { panic!("{text}") };
    assert_eq!(field, expected, "{text}");
    text
}

#[track_caller]
fn read(message: ModelInferRequest) -> Tensor {
    let mut request = grpc::decode_request(message, &Limits::default()).expect("it is a request");
    match request.inputs.remove(0).data {
        InputData::Tensor(tensor) => tensor,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_that_are_no_message() {
    let error = grpc::parse::<ModelInferRequest>(Bytes::from_static(&[0xFF; 9])).unwrap_err();
    assert!(matches!(error, ProtocolError::Protobuf { .. }), "{error}");
}

#[test]
fn shapes_and_types() {
    let four: &[&'static [u8]] = &[&[0; 4]];
    refused(raw("FP31", &[1], four), "inputs[0].datatype");
    refused(raw("FP32", &[-1], four), "inputs[0].shape[0]");
    refused(raw("FP32", &[1, i64::MIN], four), "inputs[0].shape[1]");
    refused(raw("FP32", &[i64::MAX, i64::MAX], four), "inputs[0].shape");
    refused(raw("FP32", &[i64::MAX], four), "inputs[0].shape");
    refused(raw("BYTES", &[1 << 40], four), "inputs[0].shape");
    refused(raw("FP32", &[1; 33], four), "inputs[0].shape");
    let mut twice = raw("FP32", &[1], &[&[0; 4], &[0; 4]]);
    twice.inputs.push(tensor("FP32", &[1]));
    refused(twice, "inputs[1].name");
    let many = ModelInferRequest { inputs: vec![tensor("FP32", &[0]); 257], ..ModelInferRequest::default() };
    refused(many, "inputs");
}

#[test]
fn raw_contents() {
    refused(raw("FP32", &[2], &[&[0; 7]]), "inputs[0].raw_input_contents");
    refused(raw("FP32", &[2], &[&[0; 8], &[0; 8]]), "raw_input_contents");
    refused(raw("BOOL", &[1], &[&[3]]), "inputs[0].raw_input_contents");
    refused(raw("FP32", &[2], &[]), "inputs[0].contents");
    let text = refused(raw("BYTES", &[1], &[&[1, 0, 0, 0, 0xFF]]), "inputs[0].raw_input_contents");
    assert!(text.contains("UTF-8"), "{text}");
    let mut short = raw("FP32", &[1], &[&[0; 4]]);
    short.inputs.push(InferInputTensor { name: "y".to_owned(), ..tensor("FP32", &[1]) });
    refused(short, "raw_input_contents");
    let both = ModelInferRequest {
        raw_input_contents: vec![Bytes::from_static(&[0; 4])],
        ..typed(
            "FP32",
            &[1],
            InferTensorContents { fp32_contents: vec![1.0], ..InferTensorContents::default() },
        )
    };
    refused(both, "inputs[0].contents");
    // Contents with nothing in them are as good as none.
    let nothing = ModelInferRequest {
        raw_input_contents: vec![Bytes::from_static(&[0; 4])],
        ..typed("FP32", &[1], InferTensorContents::default())
    };
    assert_eq!(read(nothing).to_vec::<f32>().unwrap(), [0.0]);
    assert_eq!(read(raw("FP16", &[0, 3], &[])).rows(), 0);
}

#[test]
fn typed_contents() {
    let none = InferTensorContents::default;
    let ints = |values: &[i32]| InferTensorContents { int_contents: values.to_vec(), ..none() };
    let uints = |values: &[u32]| InferTensorContents { uint_contents: values.to_vec(), ..none() };
    refused(typed("INT8", &[1], ints(&[128])), "inputs[0].contents.int_contents");
    refused(typed("UINT16", &[1], uints(&[65536])), "inputs[0].contents.uint_contents");
    refused(typed("INT32", &[2], ints(&[1])), "inputs[0].contents.int_contents");
    refused(typed("INT64", &[1], ints(&[1])), "inputs[0].contents.int_contents");
    refused(
        typed("FP16", &[1], InferTensorContents { fp32_contents: vec![1.0], ..none() }),
        "inputs[0].contents",
    );
    let mixed = InferTensorContents { bool_contents: vec![true], ..ints(&[1]) };
    refused(typed("INT32", &[1], mixed), "inputs[0].contents.bool_contents");
    let bytes = InferTensorContents { bytes_contents: vec![vec![0xC0]], ..none() };
    refused(typed("BYTES", &[1], bytes), "inputs[0].contents.bytes_contents");

    assert_eq!(read(typed("INT8", &[2], ints(&[-128, 127]))).to_vec::<i8>().unwrap(), [-128, 127]);
    assert_eq!(read(typed("INT16", &[1], ints(&[-7]))).to_vec::<i16>().unwrap(), [-7]);
    assert_eq!(read(typed("INT32", &[1], ints(&[9]))).to_vec::<i32>().unwrap(), [9]);
    assert_eq!(read(typed("UINT8", &[1], uints(&[255]))).to_vec::<u8>().unwrap(), [255]);
    assert_eq!(read(typed("UINT32", &[1], uints(&[9]))).to_vec::<u32>().unwrap(), [9]);
    let long = InferTensorContents { int64_contents: vec![i64::MIN], ..none() };
    assert_eq!(read(typed("INT64", &[1], long)).to_vec::<i64>().unwrap(), [i64::MIN]);
    let long = InferTensorContents { uint64_contents: vec![u64::MAX], ..none() };
    assert_eq!(read(typed("UINT64", &[1], long)).to_vec::<u64>().unwrap(), [u64::MAX]);
    let double = InferTensorContents { fp64_contents: vec![1e300], ..none() };
    assert_eq!(read(typed("FP64", &[1], double)).to_vec::<f64>().unwrap(), [1e300]);
    let truths = InferTensorContents { bool_contents: vec![true, false], ..none() };
    assert_eq!(read(typed("BOOL", &[2], truths)).bytes(), [1, 0]);
    let text = InferTensorContents { bytes_contents: vec![b"a".to_vec()], ..none() };
    assert_eq!(read(typed("BYTES", &[1], text)).strings().unwrap(), ["a"]);
}

#[test]
fn shared_memory_and_parameters() {
    let region = ("shared_memory_region", ParameterChoice::StringParam("r".to_owned()));
    let size = |size| ("shared_memory_byte_size", ParameterChoice::Int64Param(size));
    refused(shared(std::slice::from_ref(&region)), "inputs[0].parameters.shared_memory_byte_size");
    refused(shared(&[size(4)]), "inputs[0].parameters.shared_memory_region");
    refused(shared(&[region.clone(), size(-4)]), "inputs[0].parameters.shared_memory_byte_size");
    refused(shared(&[region.clone(), size(5)]), "inputs[0].parameters.shared_memory_byte_size");
    let number = ("shared_memory_region", ParameterChoice::Int64Param(7));
    refused(shared(&[number, size(4)]), "inputs[0].parameters.shared_memory_region");

    // Raw contents are of the other inputs alone.
    let mut message = shared(&[region, size(4)]);
    message.inputs.push(InferInputTensor { name: "y".to_owned(), ..tensor("FP32", &[1]) });
    message.raw_input_contents = vec![Bytes::from_static(&[0; 4])];
    message.parameters = parameters(&[
        ("timeout", ParameterChoice::Uint64Param(7)),
        ("sequence_id", ParameterChoice::Uint64Param(u64::MAX)),
    ]);
    let request = grpc::decode_request(message, &Limits::default()).unwrap();
    assert!(matches!(request.inputs[0].data, InputData::SharedMemory { .. }));
    assert!(matches!(request.inputs[1].data, InputData::Tensor(_)));
    assert_eq!(request.parameters.unsigned("timeout"), Ok(Some(7)));
    assert_eq!(request.parameters.get("sequence_id"), Some(&Parameter::Unsigned(u64::MAX)));

    let unset = BTreeMap::from([("p".to_owned(), InferParameter { parameter_choice: None })]);
    refused(ModelInferRequest { parameters: unset, ..ModelInferRequest::default() }, "parameters.p");
    let classes = parameters(&[("classification", ParameterChoice::Int64Param(-1))]);
    let output = InferRequestedOutputTensor { name: "y".to_owned(), parameters: classes };
    let wish = ModelInferRequest { outputs: vec![output], ..ModelInferRequest::default() };
    refused(wish, "outputs[0].parameters.classification");
}
