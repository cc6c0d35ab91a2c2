use phalanx_protocol::grpc::proto::infer_parameter::ParameterChoice;
use phalanx_protocol::grpc::proto::{ModelInferRequest, ModelStreamInferResponse};
use prost::Message;
use tonic::{Code, Streaming};

use crate::channel::framed;
use crate::inference::row;
use crate::rig::Rig;

async fn all(mut answers: Streaming<ModelStreamInferResponse>) -> Vec<ModelStreamInferResponse> {
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        all.push(answer);
    }
    all
}

fn unknown_model() -> ModelInferRequest {
    ModelInferRequest { model_name: "nobody".to_owned(), ..row(0.5) }
}

#[test]
fn answers_come_in_the_order_of_the_requests() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let requests = tokio_stream::iter((0..300).map(|value| row(value as f32)));
        let answers = all(client.model_stream_infer(requests).await.unwrap().into_inner()).await;
        assert_eq!(answers.len(), 300);
        for (value, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.error_message, "");
            let response = answer.infer_response.unwrap();
            assert_eq!(response.id, format!("mark {value}"));
            assert_eq!(response.raw_output_contents[0], row(value as f32).raw_input_contents[0]);
            let last = response.parameters["triton_final_response"].parameter_choice.clone();
            assert_eq!(last, Some(ParameterChoice::BoolParam(true)));
        }
    });
}

#[test]
fn a_request_that_fails_does_not_end_the_stream() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let requests = tokio_stream::iter([row(1.0), unknown_model(), row(2.0)]);
        let answers = all(client.model_stream_infer(requests).await.unwrap().into_inner()).await;
        let errors: Vec<&str> = answers.iter().map(|answer| answer.error_message.as_str()).collect();
        assert_eq!(errors, ["", "there is no model \"nobody\"", ""]);
        assert_eq!(answers[1].infer_response.as_ref().unwrap().id, "mark 0.5");
    });
}

#[test]
fn a_stream_may_be_quiet_between_requests() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let requests = tokio_stream::wrappers::UnboundedReceiverStream::new(receiver);
        let mut answers = client.model_stream_infer(requests).await.unwrap().into_inner();
        for value in [1.0, 2.0, 3.0] {
            // Each answer comes before the next request is sent.
            sender.send(row(value)).unwrap();
            let answer = answers.message().await.unwrap().unwrap();
            assert_eq!(answer.infer_response.unwrap().id, format!("mark {value}"));
        }
        drop(sender);
        assert!(answers.message().await.unwrap().is_none());
    });
}

#[test]
fn a_malformed_message_ends_the_stream_after_what_came_before() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        let body = [framed(&row(1.0).encode_to_vec()), vec![0, 0, 0, 0, 9, 1]].concat();
        let answer = channel.raw("ModelStreamInfer", &[], body).await;
        assert_eq!(answer.status().0, Code::InvalidArgument as i32, "{answer:?}");
        let first = ModelStreamInferResponse::decode(&answer.body[5..]).unwrap();
        assert_eq!(first.infer_response.unwrap().id, "mark 1");
    });
}

#[test]
fn an_open_stream_does_not_keep_the_server_from_stopping() {
    let rig = Rig::plain();
    let server = rig.server;
    rig.runtime.block_on(async {
        let channel = crate::channel::Channel::connect(server.addresses()[1]).await;
        let mut client = channel.client();
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let requests = tokio_stream::wrappers::UnboundedReceiverStream::new(receiver);
        sender.send(row(1.0)).unwrap();
        let mut answers = client.model_stream_infer(requests).await.unwrap().into_inner();
        assert!(answers.message().await.unwrap().is_some());
        let stopping = std::thread::spawn(move || server.stop(std::time::Duration::from_secs(60)));
        assert!(answers.message().await.unwrap().is_none());
        drop(client);
        drop(channel);
        let stopped = tokio::task::spawn_blocking(move || stopping.join().unwrap()).await.unwrap();
        assert!(stopped, "what was accepted is answered");
    });
}
