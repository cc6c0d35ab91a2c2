//! A server whose models compute nothing: each gives back what it is given.
//!
//! ```text
//! cargo run --release -p phalanx-server --example null_server -- [HTTP_PORT [GRPC_PORT [--shared-memory]]]
//! ```
//!
//! `null` takes rows of 256 FP32, `null_DATATYPE` rows of any length of each element type. It is for measuring the server
//! alone, and for trying clients without a runtime.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use phalanx_engine::BackendChoice;
use phalanx_measure::null::{self, NullBackend};
use phalanx_model::{GraphBuilder, Model, ModelError};
use phalanx_server::{ModelOptions, Server, ServerOptions};
use phalanx_tensor::{DType, Dim};

/// Element types that a batch can be made of.
const DTYPES: [(&str, DType); 6] = [
    ("fp32", DType::F32),
    ("fp16", DType::F16),
    ("int64", DType::I64),
    ("int32", DType::I32),
    ("uint8", DType::U8),
    ("bool", DType::Bool),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = |index: usize, usual| arguments.get(index).map_or(Ok(usual), |text| text.parse::<u16>());
    let at = |port| Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    let server = Server::start(ServerOptions {
        http: at(port(0, 8000)?),
        grpc: at(port(1, 8001)?),
        allow_shared_memory: arguments.iter().any(|argument| argument == "--shared-memory"),
        ..ServerOptions::default()
    })?;
    server.serve("null", 1, null::model()?, options())?;
    for (name, dtype) in DTYPES {
        server.serve(&format!("null_{name}"), 1, identity(dtype)?, options())?;
    }
    server.serve("null_bytes", 1, identity(DType::String)?, options())?;
    writeln!(std::io::stderr(), "listening at {:?}", server.addresses())?;
    let mut line = String::new();
    // Until standard input ends, or for ever where there is none.
    while std::io::stdin().read_line(&mut line)? > 0 {}
    loop {
        std::thread::park();
    }
}

fn options() -> ModelOptions {
    ModelOptions {
        backend: Some(BackendChoice::Custom(Arc::new(NullBackend))),
        max_batch: Some(64),
        batch_timeout: Some(Duration::from_secs(10)),
        ..ModelOptions::default()
    }
}

/// Rows of any number of elements.
fn identity(dtype: DType) -> Result<Model, ModelError> {
    let row = [Dim::Symbol("batch".into()), Dim::Symbol("length".into())];
    let mut graph = GraphBuilder::new("identity");
    graph.input("x", dtype, &row);
    graph.node("y", "Identity", &["x"], &[]);
    graph.output("y", dtype, &row);
    Model::from_proto(&graph.finish())
}
