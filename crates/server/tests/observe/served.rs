use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use phalanx_engine::BackendChoice;
use phalanx_measure::null::{self, NullBackend};
use phalanx_server::{ModelOptions, Server, ServerOptions};

/// A server with one model, `copy`, that gives back its rows of 256 numbers.
pub(crate) struct Running {
    pub(crate) server: Server,
    address: SocketAddr,
}

/// What a server answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Running {
    pub(crate) fn start(api_keys: &[&str]) -> Self {
        let options = ServerOptions {
            http: Some((Ipv4Addr::LOCALHOST, 0).into()),
            grpc: None,
            api_keys: api_keys.iter().map(|&key| key.to_owned()).collect(),
            ..ServerOptions::default()
        };
        let server = Server::start(options).unwrap();
        let model = ModelOptions {
            backend: Some(BackendChoice::Custom(Arc::new(NullBackend))),
            max_batch: Some(12),
            slo: Some(Duration::from_secs(10)),
            ..ModelOptions::default()
        };
        server.serve("copy", 3, null::model().unwrap(), model).unwrap();
        let address = server.addresses()[0];
        Self { server, address }
    }

    /// Has the model copy this many rows.
    pub(crate) fn infer(&self, rows: usize) -> Reply {
        self.infer_with(rows, &[])
    }

    pub(crate) fn infer_with(&self, rows: usize, headers: &[(&str, &str)]) -> Reply {
        let data = vec!["0.5"; rows * 256].join(",");
        let body = format!(
            r#"{{"inputs":[{{"name":"x","datatype":"FP32","shape":[{rows},256],"data":[{data}]}}]}}"#
        );
        let len = body.len();
        let head = format!("POST /v2/models/copy/infer HTTP/1.1{}\r\ncontent-length: {len}", lines(headers));
        self.ask(&head, &body)
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask(&format!("GET {path} HTTP/1.1{}", lines(headers)), "")
    }

    fn ask(&self, head: &str, body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "{head}\r\nhost: phalanx\r\nconnection: close\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (headers, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(!headers.contains("transfer-encoding"), "{headers}");
        let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, headers: headers.to_lowercase(), body: body.to_owned() }
    }
}

fn lines(headers: &[(&str, &str)]) -> String {
    headers.iter().map(|(name, value)| format!("\r\n{name}: {value}")).collect()
}
