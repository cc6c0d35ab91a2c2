use phalanx_protocol::grpc::proto::infer_parameter::ParameterChoice;
use phalanx_protocol::grpc::proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use phalanx_protocol::grpc::proto::{
    InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse,
};
use serde_json::json;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request};

use crate::rig::Rig;

/// A request for one row of 256 numbers, all the same.
pub(crate) fn row(value: f32) -> ModelInferRequest {
    let raw: Vec<u8> = [value; 256].iter().flat_map(|value| value.to_le_bytes()).collect();
    ModelInferRequest {
        model_name: "null".to_owned(),
        id: format!("mark {value}"),
        inputs: vec![InferInputTensor {
            name: "x".to_owned(),
            datatype: "FP32".to_owned(),
            shape: vec![1, 256],
            ..InferInputTensor::default()
        }],
        raw_input_contents: vec![raw.into()],
        ..ModelInferRequest::default()
    }
}

pub(crate) fn parameter(value: ParameterChoice) -> InferParameter {
    InferParameter { parameter_choice: Some(value) }
}

fn first(answer: &ModelInferResponse) -> f32 {
    f32::from_le_bytes(answer.raw_output_contents[0][..4].try_into().unwrap())
}

#[test]
fn a_row_comes_back_with_its_mark_and_where_its_time_went() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let answer = client.model_infer(row(2.5)).await.unwrap();
        assert!(answer.metadata().get("server-timing").unwrap().to_str().unwrap().starts_with("queue;dur="));
        let answer = answer.into_inner();
        assert_eq!((&*answer.model_name, &*answer.model_version, &*answer.id), ("null", "1", "mark 2.5"));
        assert_eq!((&*answer.outputs[0].name, &*answer.outputs[0].shape), ("y", &[1, 256][..]));
        assert_eq!(answer.raw_output_contents[0], row(2.5).raw_input_contents[0]);
    });
}

#[test]
fn many_calls_of_one_connection_are_answered_each_with_its_own() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        let calls: Vec<_> = (0..200)
            .map(|index| {
                let mut client = channel.client();
                tokio::spawn(async move { client.model_infer(row(index as f32)).await.unwrap().into_inner() })
            })
            .collect();
        for (index, call) in calls.into_iter().enumerate() {
            assert_eq!(first(&call.await.unwrap()), index as f32);
        }
    });
}

#[test]
fn values_may_be_typed() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let contents =
            InferTensorContents { fp32_contents: vec![1.5; 256], ..InferTensorContents::default() };
        let mut typed = row(0.0);
        typed.raw_input_contents.clear();
        typed.inputs[0].contents = Some(contents);
        assert_eq!(first(&client.model_infer(typed).await.unwrap().into_inner()), 1.5);

        let words = InferTensorContents {
            bytes_contents: vec![b"one".to_vec(), Vec::new(), "drei".into()],
            ..InferTensorContents::default()
        };
        let input = InferInputTensor {
            name: "x".to_owned(),
            datatype: "BYTES".to_owned(),
            shape: vec![1, 3],
            contents: Some(words),
            ..InferInputTensor::default()
        };
        let request = ModelInferRequest {
            model_name: "words".to_owned(),
            inputs: vec![input],
            ..ModelInferRequest::default()
        };
        let answer = client.model_infer(request).await.unwrap().into_inner();
        assert_eq!(answer.raw_output_contents[0], &b"\x03\0\0\0one\0\0\0\0\x04\0\0\0drei"[..]);
    });
}

#[test]
fn messages_may_be_compressed() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Deflate] {
            let mut client = channel.client().send_compressed(encoding).accept_compressed(encoding);
            let answer = client.model_infer(row(4.0)).await.unwrap();
            assert_eq!(first(answer.get_ref()), 4.0);
            assert_eq!(answer.metadata().get("grpc-encoding").unwrap(), encoding.to_string().as_str());
            // Who only could read compressed answers gets plain ones.
            let mut client = channel.client().accept_compressed(encoding);
            let answer = client.model_infer(row(5.0)).await.unwrap();
            assert_eq!(answer.metadata().get("grpc-encoding"), None);
        }
    });
}

#[test]
fn a_timeout_that_is_over_is_the_clients_own() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        let late = [("grpc-timeout", "1n")];
        let message = crate::channel::framed(&prost::Message::encode_to_vec(&row(1.0)));
        let answer = channel.raw("ModelInfer", &late, message).await;
        assert_eq!(answer.status().0, Code::DeadlineExceeded as i32, "{answer:?}");
        assert!(answer.headers.contains_key("retry-after-ms"));

        let mut client = channel.client();
        let mut request = row(1.0);
        request.parameters.insert("timeout".to_owned(), parameter(ParameterChoice::Int64Param(10_000_000)));
        request.parameters.insert("priority".to_owned(), parameter(ParameterChoice::Uint64Param(1)));
        let mut request = Request::new(request);
        request.set_timeout(std::time::Duration::from_secs(10));
        client.model_infer(request).await.unwrap();
    });
}

#[test]
fn the_largest_values_may_be_asked_for_alone() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let mut request = row(0.0);
        let mut values = [0.0_f32; 256];
        (values[7], values[200]) = (0.5, 9.0);
        request.raw_input_contents = vec![values.iter().flat_map(|value| value.to_le_bytes()).collect()];
        request.outputs = vec![InferRequestedOutputTensor {
            name: "y".to_owned(),
            parameters: [("classification".to_owned(), parameter(ParameterChoice::Int64Param(2)))].into(),
        }];
        let answer = client.model_infer(request).await.unwrap().into_inner();
        assert_eq!((&*answer.outputs[0].datatype, &*answer.outputs[0].shape), ("BYTES", &[1, 2][..]));
        assert_eq!(
            answer.raw_output_contents[0],
            &b"\x0c\x00\x00\x009.000000:200\x0a\x00\x00\x000.500000:7"[..]
        );
    });
    let data: Vec<f32> = (0..256).map(|value| value as f32).collect();
    let request = json!({
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 256], "data": data}],
        "outputs": [{"name": "y", "parameters": {"classification": 1}}],
    });
    let answer = rig.post("/v2/models/null/infer", &request.to_string()).ok();
    assert_eq!(answer["outputs"][0]["data"], json!(["255.000000:255"]));
}
