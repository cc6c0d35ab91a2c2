use phalanx_protocol::grpc::proto::{ModelReadyRequest, ServerLiveRequest, ServerReadyRequest};
use phalanx_server::ServerOptions;
use serde_json::json;
use tonic::Code;

use crate::http::{get, post};
use crate::rig::Rig;

#[test]
fn health_is_the_same_over_both() {
    let rig = Rig::plain();
    assert_eq!(rig.get("/v2/health/live").ok(), json!({"live": true}));
    assert_eq!(rig.get("/v2/health/ready").ok(), json!({"ready": true}));
    assert_eq!(rig.get("/v2/models/null/ready").ok(), json!({"name": "null", "ready": true}));
    assert_eq!(rig.get("/v2/models/null/versions/1/ready").status, 200);
    for path in ["/v2/health/ready", "/v2/models/null/ready"] {
        let reply = rig.http().call(&get(path));
        let backend = &reply.headers["phalanx-backend"];
        assert!(backend.starts_with("null/") && backend.ends_with(" cpu"), "{path}: {backend}");
    }
    assert!(!rig.http().call(&get("/v2/health/live")).headers.contains_key("phalanx-backend"));
    assert!(rig.get("/v2/models/null/versions/7/ready").error(404).contains("\"7\""));
    assert!(rig.get("/v2/models/nobody/ready").error(404).contains("\"nobody\""));
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        assert!(client.server_live(ServerLiveRequest {}).await.unwrap().into_inner().live);
        assert!(client.server_ready(ServerReadyRequest {}).await.unwrap().into_inner().ready);
        let asked = |name: &str| ModelReadyRequest { name: name.to_owned(), version: String::new() };
        assert!(client.model_ready(asked("null")).await.unwrap().into_inner().ready);
        assert_eq!(client.model_ready(asked("nobody")).await.unwrap_err().code(), Code::NotFound);
    });
}

#[test]
fn a_held_server_is_live_and_not_ready() {
    let rig = Rig::new(ServerOptions { held: true, ..ServerOptions::default() });
    assert_eq!(rig.get("/v2/health/live").status, 200);
    assert_eq!(rig.get("/v2/health/ready").status, 503);
    rig.server.release();
    assert_eq!(rig.get("/v2/health/ready").status, 200);
}

#[test]
fn everything_but_health_needs_the_key() {
    let options = ServerOptions { api_keys: vec!["secret".to_owned()], ..ServerOptions::default() };
    let rig = Rig::new(options);
    let mut client = rig.http();
    for path in ["/v2/health/live", "/v2/health/ready"] {
        assert_eq!(client.call(&get(path)).status, 200, "{path}");
    }
    for path in ["/v2", "/v2/models/null", "/v2/models/null/ready", "/v2/models/stats", "/v2/logging"] {
        assert_eq!(client.call(&get(path)).status, 401, "{path}");
        let with_key = format!("GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer secret\r\n\r\n");
        assert_eq!(client.call(with_key.as_bytes()).status, 200, "{path}");
    }
    for path in ["/v2/repository/index", "/v2/models/null/infer", "/v2/systemsharedmemory/unregister"] {
        assert_eq!(client.call(&post(path, "", b"{}")).status, 401, "{path}");
    }
    rig.runtime.block_on(async {
        let channel = rig.grpc().await;
        for (method, code) in [
            ("ServerLive", 0),
            ("ServerReady", 0),
            ("ServerMetadata", 16),
            ("ModelInfer", 16),
            ("ModelStreamInfer", 16),
        ] {
            let body = crate::channel::framed(&[]);
            assert_eq!(channel.raw(method, &[], body).await.status().0, code, "{method}");
        }
        let key = [("authorization", "Bearer secret")];
        let answer = channel.raw("ServerMetadata", &key, crate::channel::framed(&[])).await;
        assert_eq!(answer.status().0, 0);
    });
}
