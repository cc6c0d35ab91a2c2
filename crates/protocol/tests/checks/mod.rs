//! What holds for any bytes at all. The fuzz targets in `fuzz/` and the tests here call the same functions.

use bytes::Bytes;
use phalanx_protocol::{
    InferRequest, InferResponse, InputData, Limits, OutputData, ProtocolError, grpc, rest,
};
use phalanx_tensor::{DType, Tensor};
use prost::Message;

/// Limits small enough that an input of any size is quickly done with.
const LIMITS: Limits =
    Limits { json_depth_max: 16, tensors_max: 8, rank_max: 8, elements_max: 1 << 16, parameters_max: 16 };

/// A body that is JSON alone: as a request and as a response.
pub(crate) fn json(body: &[u8]) {
    let body = Bytes::copy_from_slice(body);
    let request = rest::decode_request(body.clone(), None, &LIMITS);
    agrees_with_another_parser(&body, request.as_ref().err());
    if let Ok(request) = request {
        request_survives(&request);
    }
    if let Ok(response) = rest::decode_response(&body, None, &LIMITS) {
        response_survives(&response);
    }
}

/// A body of JSON and sections; its first byte (times four) says how long the JSON is.
pub(crate) fn binary(input: &[u8]) {
    let Some((&quarter, body)) = input.split_first() else { return };
    let json_len = usize::from(quarter) * 4;
    let body = Bytes::copy_from_slice(body);
    if let Ok(request) = rest::decode_request(body.clone(), Some(json_len), &LIMITS) {
        request_survives(&request);
    }
    if let Ok(response) = rest::decode_response(&body, Some(json_len), &LIMITS) {
        response_survives(&response);
    }
}

/// The bytes of a protobuf message.
pub(crate) fn protobuf(body: &[u8]) {
    let body = Bytes::copy_from_slice(body);
    if let Ok(request) = grpc::parse(body.clone()).and_then(|message| grpc::decode_request(message, &LIMITS))
    {
        request_survives_grpc(&request);
    }
    if let Ok(response) = grpc::parse(body).and_then(|message| grpc::decode_response(message, &LIMITS)) {
        let message = grpc::encode_response(response.clone()).expect("what was read can be written");
        let again = grpc::parse(message.encode_to_vec().into()).expect("what was written can be read");
        assert_eq!(grpc::decode_response(again, &LIMITS), Ok(response));
    }
}

/// What one parser takes for JSON the other does too, and what it refuses as none.
fn agrees_with_another_parser(body: &[u8], error: Option<&ProtocolError>) {
    let words = ["NaN", "Inf"];
    let text = String::from_utf8_lossy(body);
    if words.iter().any(|word| text.contains(word)) {
        return;
    }
    let other = serde_json::from_slice::<serde_json::Value>(body);
    match (error, other) {
        (Some(ProtocolError::Json { message }), Ok(_)) => {
            assert!(message.contains("nested deeper"), "{message}: {text}");
        }
        (None, Err(other)) => {
            // Numbers in what is ignored may be of any size.
            assert!(other.to_string().contains("out of range"), "{other}: {text}");
        }
        _ => {}
    }
}

/// Written in either form and read again, a request is the same.
fn request_survives(request: &InferRequest) {
    for binary in [true, false] {
        let encoded = rest::encode_request(request, binary).expect("what was read can be written");
        let again = rest::decode_request(encoded.body, encoded.json_len, &LIMITS);
        let again = again.expect("what was written can be read");
        if binary || !request.inputs.iter().any(|input| matches!(&input.data, InputData::Tensor(t) if nan(t)))
        {
            assert_eq!(again, *request);
        }
    }
    if !request.inputs.iter().any(|input| matches!(input.data, InputData::RawBody(_))) {
        let message = grpc::encode_request(request).expect("what was read can be written");
        let message = grpc::parse(message.encode_to_vec().into()).expect("what was written can be read");
        let again = grpc::decode_request(message, &LIMITS).expect("what was written can be read");
        assert_eq!(again.inputs, request.inputs);
    }
}

/// Over gRPC too, but for the order of parameters.
fn request_survives_grpc(request: &InferRequest) {
    let message = grpc::encode_request(request).expect("what was read can be written");
    let message = grpc::parse(message.encode_to_vec().into()).expect("what was written can be read");
    assert_eq!(grpc::decode_request(message, &LIMITS).as_ref(), Ok(request));
}

/// Written and read again, a response is the same.
fn response_survives(response: &InferResponse) {
    let json = |tensor: &Tensor| !matches!(tensor.dtype(), DType::F16 | DType::BF16);
    let encoded = rest::encode_response(response);
    if response.outputs.iter().any(|output| matches!(&output.data, OutputData::Json(t) if !json(t))) {
        encoded.expect_err("there is no JSON for it");
        return;
    }
    let encoded = encoded.expect("what was read can be written");
    let again = rest::decode_response(&encoded.body, encoded.json_len, &LIMITS);
    let again = again.expect("what was written can be read");
    if !response.outputs.iter().any(|output| matches!(&output.data, OutputData::Json(t) if nan(t))) {
        assert_eq!(again, *response);
    }
}

/// Whether there is a NaN in a tensor: JSON has but one.
fn nan(tensor: &Tensor) -> bool {
    tensor.to_vec::<f32>().is_ok_and(|values| values.iter().any(|value| value.is_nan()))
        || tensor.to_vec::<f64>().is_ok_and(|values| values.iter().any(|value| value.is_nan()))
}
