//! Calls that no client makes by accident.

use phalanx_protocol::grpc::proto::model_infer_request::InferRequestedOutputTensor;
use phalanx_server::ServerOptions;
use prost::Message;
use tonic::Code;

use crate::channel::{Channel, framed};
use crate::inference::row;
use crate::rig::Rig;

async fn expect(channel: &Channel, body: Vec<u8>, code: Code, part: &str) {
    let answer = channel.raw("ModelInfer", &[], body).await;
    let (status, message) = answer.status();
    assert_eq!(status, code as i32, "{message}");
    let message = percent_decoded(&message);
    assert!(message.contains(part), "{message:?} has no {part:?}");
}

/// As the message is in the header `grpc-message`.
fn percent_decoded(message: &str) -> String {
    message.replace("%20", " ").replace("%22", "\"")
}

#[test]
fn frames_that_are_none() {
    let mut options = ServerOptions::default();
    options.limits.request_bytes_max = 4000;
    let rig = Rig::new(options);
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        let good = framed(&row(1.0).encode_to_vec());
        expect(&channel, Vec::new(), Code::InvalidArgument, "one message").await;
        expect(&channel, good[..3].to_vec(), Code::InvalidArgument, "one message").await;
        expect(&channel, good[..100].to_vec(), Code::InvalidArgument, "as many bytes").await;
        expect(&channel, [&good[..], &good[..]].concat(), Code::InvalidArgument, "more").await;
        expect(&channel, [&good[..], &[0]].concat(), Code::InvalidArgument, "more").await;
        expect(&channel, [&[1], &good[1..]].concat(), Code::InvalidArgument, "grpc-encoding").await;
        expect(&channel, [&[2], &good[1..]].concat(), Code::InvalidArgument, "first byte").await;
        let large = framed(&[0; 4001]);
        expect(&channel, large, Code::ResourceExhausted, "4000").await;
        let endless = [&[0, 0xff, 0xff, 0xff, 0xff][..], &[0; 100]].concat();
        expect(&channel, endless, Code::ResourceExhausted, "4000").await;
        // None of that hurts the connection.
        expect(&channel, good, Code::Ok, "").await;
    });
}

#[test]
fn messages_that_are_none() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        expect(&channel, framed(&[0xff; 64]), Code::InvalidArgument, "protobuf").await;
        let invalid = |change: fn(&mut phalanx_protocol::grpc::proto::ModelInferRequest)| {
            let mut request = row(1.0);
            change(&mut request);
            framed(&request.encode_to_vec())
        };
        let unknown = invalid(|request| request.model_name = "nobody".to_owned());
        expect(&channel, unknown, Code::NotFound, "nobody").await;
        let version = invalid(|request| request.model_version = "9".to_owned());
        expect(&channel, version, Code::NotFound, "9").await;
        for (part, wrong) in [
            ("shape", invalid(|request| request.inputs[0].shape = vec![-1, 256])),
            ("shape", invalid(|request| request.inputs[0].shape = vec![i64::MAX, i64::MAX])),
            ("raw_input_contents", invalid(|request| request.inputs[0].shape = vec![2, 256])),
            ("datatype", invalid(|request| request.inputs[0].datatype = "FP33".to_owned())),
            ("input name", invalid(|request| request.inputs[0].name = "z".to_owned())),
            ("raw_input_contents", invalid(|request| request.raw_input_contents.clear())),
            ("inputs", invalid(|request| request.inputs.push(request.inputs[0].clone()))),
            (
                "output name",
                invalid(|request| {
                    let name = "z".to_owned();
                    request.outputs = vec![InferRequestedOutputTensor { name, ..Default::default() }];
                }),
            ),
        ] {
            expect(&channel, wrong, Code::InvalidArgument, part).await;
        }
    });
}

#[test]
fn headers_that_do_not_do() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        let message = || framed(&row(1.0).encode_to_vec());
        let other = channel.raw("ModelInfer", &[("content-type", "application/json")], message()).await;
        assert_eq!(other.http_status, 415);
        let other = channel.raw("ModelInfer", &[("grpc-encoding", "br")], message()).await;
        assert_eq!(other.status().0, Code::Unimplemented as i32);
        let other = channel.raw("ModelInfer", &[("grpc-timeout", "soon")], message()).await;
        assert_eq!(other.status().0, Code::InvalidArgument as i32);
        let other = channel.raw("ModelGuess", &[], message()).await;
        assert_eq!(other.status().0, Code::Unimplemented as i32);
        let broken = [&[1, 0, 0, 0, 4][..], b"gzip"].concat();
        let other = channel.raw("ModelInfer", &[("grpc-encoding", "gzip")], broken).await;
        assert_eq!(other.status().0, Code::InvalidArgument as i32);
    });
}

#[test]
fn a_small_message_does_not_unfold_without_end() {
    let mut options = ServerOptions::default();
    options.limits.request_bytes_max = 100_000;
    let rig = Rig::new(options);
    rig.runtime.block_on(async {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &vec![0; 10_000_000]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 50_000);
        let len = u32::try_from(bomb.len()).unwrap();
        let body = [&[1], &len.to_be_bytes()[..], &bomb].concat();
        let channel = rig.grpc().await;
        let answer = channel.raw("ModelInfer", &[("grpc-encoding", "gzip")], body).await;
        assert_eq!(answer.status().0, Code::ResourceExhausted as i32, "{answer:?}");
    });
}

#[test]
fn every_call_refuses_garbage() {
    let rig = Rig::plain();
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        for method in [
            "ServerLive",
            "ServerReady",
            "ModelReady",
            "ServerMetadata",
            "ModelMetadata",
            "ModelConfig",
            "ModelStatistics",
            "RepositoryIndex",
            "RepositoryModelLoad",
            "RepositoryModelUnload",
            "SystemSharedMemoryStatus",
            "SystemSharedMemoryRegister",
            "SystemSharedMemoryUnregister",
            "CudaSharedMemoryStatus",
            "CudaSharedMemoryRegister",
            "CudaSharedMemoryUnregister",
            "TraceSetting",
            "LogSettings",
            "ModelStreamInfer",
        ] {
            let answer = channel.raw(method, &[], framed(&[0xff; 16])).await;
            assert_eq!(answer.status().0, Code::InvalidArgument as i32, "{method}: {answer:?}");
        }
    });
}

#[test]
fn a_message_that_does_not_go_on_is_cut_off() {
    let mut options = ServerOptions::default();
    options.timeouts.stall = std::time::Duration::from_millis(50);
    let rig = Rig::new(options);
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        let good = framed(&row(1.0).encode_to_vec());
        for method in ["ModelInfer", "ModelStreamInfer", "ServerMetadata"] {
            for begun in [3, 100] {
                let answer = channel.unfinished(method, good[..begun].to_vec()).await;
                let (status, message) = answer.status();
                assert_eq!(status, Code::InvalidArgument as i32, "{method} {begun}: {message}");
                assert!(percent_decoded(&message).contains("to go on"), "{method} {begun}: {message}");
            }
        }
        expect(&channel, good, Code::Ok, "").await;
    });
}
