use std::sync::Arc;

use phalanx_engine::BackendChoice;
use phalanx_measure::null::{self, NullBackend};
use phalanx_model::{GraphBuilder, Model};
use phalanx_server::{ModelOptions, Server, ServerOptions};
use phalanx_tensor::{DType, Dim};
use serde_json::Value;

use crate::channel::Channel;
use crate::http::Client;

/// A server of three models that give back what they are given: `null` takes rows of 256 numbers, `words` rows of any
/// number of strings, `halves` rows of any number of half-precision numbers.
pub(crate) struct Rig {
    pub(crate) server: Server,
    /// Runs the tests' gRPC connections.
    pub(crate) runtime: tokio::runtime::Runtime,
}

/// An answer over REST.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    /// Null where the body is no JSON.
    pub(crate) json: Value,
}

impl Rig {
    pub(crate) fn new(options: ServerOptions) -> Self {
        let anywhere = Some(([127, 0, 0, 1], 0).into());
        let server = Server::start(ServerOptions { http: anywhere, grpc: anywhere, ..options }).unwrap();
        let models = [
            ("null", null::model().unwrap()),
            ("words", identity(DType::String)),
            ("halves", identity(DType::F16)),
        ];
        for (name, model) in models {
            server.serve(name, 1, model, model_options()).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { server, runtime }
    }

    /// A server as it is by default, but for where it listens.
    pub(crate) fn plain() -> Self {
        Self::new(ServerOptions::default())
    }

    pub(crate) fn http(&self) -> Client {
        Client::connect(self.server.addresses()[0])
    }

    pub(crate) async fn grpc(&self) -> Channel {
        Channel::connect(self.server.addresses()[1]).await
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        Answer::of(&mut self.http(), &crate::http::get(path))
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        Answer::of(&mut self.http(), &crate::http::post(path, "", body.as_bytes()))
    }
}

impl Answer {
    fn of(client: &mut Client, request: &[u8]) -> Self {
        let reply = client.call(request);
        let text = reply.text();
        let json = serde_json::from_str(&text).unwrap_or_default();
        // What is said of a request is JSON, and says so.
        let is_json = reply.headers.get("content-type").is_some_and(|kind| kind == "application/json");
        assert!(is_json || json == Value::Null, "{:?}: {text}", reply.headers);
        Self { status: reply.status, text, json }
    }

    /// The body's JSON, of an answer that is a success.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json
    }

    /// What is said of a failure.
    pub(crate) fn error(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.text);
        self.json["error"].as_str().unwrap_or_else(|| panic!("no error in {:?}", self.text))
    }
}

pub(crate) fn model_options() -> ModelOptions {
    let backend = Some(BackendChoice::Custom(Arc::new(NullBackend)));
    ModelOptions { backend, lanes: Some(1), max_batch: Some(8), ..ModelOptions::default() }
}

fn identity(dtype: DType) -> Model {
    let row = [Dim::Symbol("batch".into()), Dim::Symbol("length".into())];
    let mut graph = GraphBuilder::new("identity");
    graph.input("x", dtype, &row);
    graph.node("y", "Identity", &["x"], &[]);
    graph.output("y", dtype, &row);
    Model::from_proto(&graph.finish()).unwrap()
}
