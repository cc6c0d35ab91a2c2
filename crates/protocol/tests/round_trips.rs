//! What is written is read again as it was, over either transport and in either form.

mod strategies;

use phalanx_protocol::{
    InferOutput, InferRequest, InferResponse, InputData, Limits, OutputData, Placement, grpc, rest,
};
use phalanx_tensor::{DType, Tensor};
use proptest::prelude::*;
use prost::Message;
use strategies::{dtypes, is_exact_in_json, requests, responses, tensors_of};

fn with(tensor: Tensor) -> InferRequest {
    let input = phalanx_protocol::InferInput { name: "x".into(), data: InputData::Tensor(tensor) };
    InferRequest { inputs: [input].into_iter().collect(), ..InferRequest::default() }
}

fn over_rest(request: &InferRequest, binary: bool) -> InferRequest {
    let encoded = rest::encode_request(request, binary).expect("it can be written");
    rest::decode_request(encoded.body, encoded.json_len, &Limits::default()).expect("it can be read")
}

fn over_grpc(request: &InferRequest) -> InferRequest {
    let bytes = grpc::encode_request(request).expect("it can be written").encode_to_vec();
    grpc::decode_request(grpc::parse(bytes.into()).expect("it is a message"), &Limits::default())
        .expect("it can be read")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn tensors_of_every_type(tensor in dtypes().prop_flat_map(tensors_of)) {
        let request = with(tensor.clone());
        prop_assert_eq!(&over_rest(&request, true), &request);
        prop_assert_eq!(&over_grpc(&request), &request);
        if is_exact_in_json(&tensor) {
            prop_assert_eq!(&over_rest(&request, false), &request);
        }
    }

    #[test]
    fn requests_over_rest(request in requests(), binary in any::<bool>()) {
        prop_assert_eq!(over_rest(&request, binary), request);
    }

    #[test]
    fn requests_over_grpc(request in requests()) {
        let mut expected = request.clone();
        // How an output is placed says nothing where all are raw.
        for output in &mut expected.outputs {
            if matches!(output.placement, Placement::Json | Placement::Binary) {
                output.placement = Placement::Unsaid;
            }
        }
        prop_assert_eq!(over_grpc(&request), expected);
    }

    #[test]
    fn responses_over_rest(response in responses()) {
        let encoded = rest::encode_response(&response).unwrap();
        let again = rest::decode_response(&encoded.body, encoded.json_len, &Limits::default());
        prop_assert_eq!(again.unwrap(), response);
    }

    #[test]
    fn responses_over_grpc(response in responses()) {
        let bytes = grpc::encode_response(response.clone()).unwrap().encode_to_vec();
        let again = grpc::decode_response(grpc::parse(bytes.into()).unwrap(), &Limits::default()).unwrap();
        let mut expected = response;
        for output in &mut expected.outputs {
            if let OutputData::Json(tensor) = &output.data {
                output.data = OutputData::Binary(tensor.clone());
            }
        }
        prop_assert_eq!(again, expected);
    }
}

#[test]
fn floats_that_are_no_numbers_travel_as_words() {
    let values = vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MIN_POSITIVE / 2.0];
    let tensor = Tensor::from_vec([5], values).unwrap();
    let data = OutputData::Json(tensor);
    let output = InferOutput { name: "y".into(), data };
    let response = InferResponse { outputs: [output].into_iter().collect(), ..InferResponse::default() };
    let encoded = rest::encode_response(&response).unwrap();
    let text = std::str::from_utf8(&encoded.body).unwrap();
    assert!(text.contains("[NaN,Infinity,-Infinity,-0.0,"), "{text}");
    assert_eq!(rest::decode_response(&encoded.body, None, &Limits::default()).unwrap(), response);
}

#[test]
fn floats_of_16_bits_go_as_bytes_or_not_at_all() {
    let tensor = Tensor::zeros(DType::BF16, [2]).unwrap();
    let encoded = rest::encode_request(&with(tensor.clone()), false).unwrap();
    assert!(encoded.json_len.is_some());
    let output = InferOutput { name: "y".into(), data: OutputData::Json(tensor) };
    let response = InferResponse { outputs: [output].into_iter().collect(), ..InferResponse::default() };
    let error = rest::encode_response(&response).unwrap_err().to_string();
    assert!(error.contains("outputs[0].data") && error.contains("binary"), "{error}");
}

#[test]
fn sections_are_shared_and_the_body_of_a_response_is_of_just_its_size() {
    let tensor = Tensor::from_vec([1, 64], vec![1.5_f32; 64]).unwrap();
    let encoded = rest::encode_request(&with(tensor.clone()), true).unwrap();
    let body = encoded.body.clone();
    let request = rest::decode_request(encoded.body, encoded.json_len, &Limits::default()).unwrap();
    let InputData::Tensor(read) = &request.inputs[0].data else { panic!("a tensor") };
    assert!(body.as_ptr_range().contains(&read.bytes().as_ptr()));

    let output = InferOutput { name: "y".into(), data: OutputData::Binary(tensor) };
    let response = InferResponse { outputs: [output].into_iter().collect(), ..InferResponse::default() };
    let encoded = rest::encode_response(&response).unwrap();
    assert_eq!(encoded.body.len(), encoded.json_len.unwrap() + 256);
    // Memory of just the body's size is taken over as it is; more would be kept track of beside it.
    let body = Vec::from(encoded.body);
    assert_eq!(body.capacity(), body.len());
}

#[test]
fn a_length_of_zero_is_a_raw_body() {
    let body = bytes::Bytes::from_static(b"\x00\x01{");
    let request = rest::decode_request(body.clone(), Some(0), &Limits::default()).unwrap();
    assert_eq!(request.inputs[0].data, InputData::RawBody(body.clone()));
    let encoded = rest::encode_request(&request, true).unwrap();
    assert_eq!((encoded.json_len, encoded.body), (Some(0), body));
    assert!(grpc::encode_request(&request).is_err());
}
