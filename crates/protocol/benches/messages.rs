//! What a message costs: `cargo bench -p phalanx-protocol`.
//!
//! The request and the response have one row of 256 floats, as the models that make a front end's cost visible do. JSON
//! is measured over many different rows: a processor that has seen one row a thousand times predicts its digits.

use bytes::Bytes;
use divan::{Bencher, black_box};
use phalanx_protocol::rest::{self, Encoded};
use phalanx_protocol::{
    InferInput, InferOutput, InferRequest, InferResponse, InputData, Limits, OutputData, grpc,
};
use phalanx_tensor::Tensor;
use prost::Message;

fn main() {
    divan::Divan::default().sample_count(2000).config_with_args().main();
}

/// Rows that JSON is measured over.
const ROWS: u64 = 64;

fn row() -> Tensor {
    row_of(0)
}

/// Floats whose shortest decimals are as long as those of real activations.
fn row_of(seed: u64) -> Tensor {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ seed << 32;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    Tensor::from_vec([1, 256], (0..256).map(|_| next() * next()).collect())
        .expect("as many as the shape says")
}

fn request(row: Tensor) -> InferRequest {
    let input = InferInput { name: "input".into(), data: InputData::Tensor(row) };
    InferRequest {
        model_name: "mlp".into(),
        inputs: [input].into_iter().collect(),
        ..InferRequest::default()
    }
}

fn response(data: OutputData) -> InferResponse {
    InferResponse {
        model_name: "mlp".into(),
        model_version: "1".into(),
        outputs: [InferOutput { name: "output".into(), data }].into_iter().collect(),
        ..InferResponse::default()
    }
}

/// The request as the Python client sends it.
fn triton_binary() -> Encoded {
    let tensor = row();
    let header = br#"{"id":"1","inputs":[{"name":"input","shape":[1,256],"datatype":"FP32","parameters":{"binary_data_size":1024}}],"parameters":{"binary_data_output":true}}"#;
    let body = [header, tensor.bytes()].concat();
    Encoded { json_len: Some(header.len()), body: body.into() }
}

/// The request with its members in the order in which most write them.
fn plain_json(seed: u64, data_first: bool) -> Bytes {
    let encoded = rest::encode_request(&request(row_of(seed)), false).expect("floats can be written");
    let text = std::str::from_utf8(&encoded.body).expect("JSON is text");
    let data = &text[text.find("\"data\"").expect("it has data")..text.len() - 3];
    let rest = r#""name":"input","shape":[1,256],"datatype":"FP32""#;
    let members = if data_first { format!("{data},{rest}") } else { format!("{rest},{data}") };
    format!(r#"{{"inputs":[{{{members}}}]}}"#).into()
}

/// Goes around the rows.
fn around<T: Clone>(make: impl Fn(u64) -> T) -> impl FnMut() -> T {
    let all: Vec<T> = (0..ROWS).map(make).collect();
    let mut next = 0;
    move || {
        next = (next + 1) % all.len();
        all[next].clone()
    }
}

#[divan::bench]
fn json_decode_request(bencher: Bencher<'_, '_>) {
    let limits = Limits::default();
    bencher
        .with_inputs(around(|seed| plain_json(seed, false)))
        .bench_local_values(|body| rest::decode_request(body, None, &limits));
}

#[divan::bench]
fn json_decode_request_data_first(bencher: Bencher<'_, '_>) {
    let limits = Limits::default();
    bencher
        .with_inputs(around(|seed| plain_json(seed, true)))
        .bench_local_values(|body| rest::decode_request(body, None, &limits));
}

#[divan::bench]
fn json_encode_response(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(around(|seed| response(OutputData::Json(row_of(seed)))))
        .bench_local_refs(|response| rest::encode_response(response));
}

#[divan::bench]
fn binary_decode_request(bencher: Bencher<'_, '_>) {
    let Encoded { json_len, body } = triton_binary();
    let limits = Limits::default();
    bencher.bench(|| rest::decode_request(black_box(body.clone()), json_len, &limits));
}

#[divan::bench]
fn binary_encode_response(bencher: Bencher<'_, '_>) {
    let response = response(OutputData::Binary(row()));
    bencher.bench(|| rest::encode_response(black_box(&response)));
}

#[divan::bench]
fn binary_encode_request(bencher: Bencher<'_, '_>) {
    let request = request(row());
    bencher.bench(|| rest::encode_request(black_box(&request), true));
}

#[divan::bench]
fn binary_decode_response(bencher: Bencher<'_, '_>) {
    let Encoded { json_len, body } =
        rest::encode_response(&response(OutputData::Binary(row()))).expect("floats can be written");
    let limits = Limits::default();
    bencher.bench(|| rest::decode_response(black_box(&body), json_len, &limits));
}

#[divan::bench]
fn json_decode_response(bencher: Bencher<'_, '_>) {
    let limits = Limits::default();
    let encoded =
        |seed| rest::encode_response(&response(OutputData::Json(row_of(seed)))).expect("floats").body;
    bencher.with_inputs(around(encoded)).bench_local_refs(|body| rest::decode_response(body, None, &limits));
}

/// From the message's bytes, as they come off the network, to the request.
#[divan::bench]
fn grpc_decode_request(bencher: Bencher<'_, '_>) {
    let body = Bytes::from(grpc::encode_request(&request(row())).expect("a request").encode_to_vec());
    let limits = Limits::default();
    bencher.bench(|| grpc::decode_request(grpc::parse(black_box(body.clone()))?, &limits));
}

/// From the response to the message's bytes.
#[divan::bench]
fn grpc_encode_response(bencher: Bencher<'_, '_>) {
    let response = response(OutputData::Binary(row()));
    bencher
        .with_inputs(|| response.clone())
        .bench_values(|response| grpc::encode_response(response).expect("a response").encode_to_vec());
}
