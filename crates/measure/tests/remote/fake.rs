//! A server of which every reaction is a test's.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;
use phalanx_measure::draw::Draw;
use phalanx_measure::remote::{Access, LoadGenerator, RequestOptions, Server};
use phalanx_protocol::{
    InferInput, InferOutput, InferRequest, InferResponse, InputData, Limits, OutputData, Parameter,
    Parameters, rest,
};
use phalanx_tensor::{DType, Tensor};

/// The model that every fake server has: rows of three floats, given back as they are.
pub(crate) const METADATA: &str = r#"{"name":"m","versions":["1"],"platform":"fake",
    "inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],
    "outputs":[{"name":"y","datatype":"FP32","shape":[-1,3]}]}"#;

/// What a fake server does with a request for an inference.
pub(crate) enum Reaction {
    /// Sends these bytes, and waits for the next request.
    Send(Vec<u8>),
    /// Sends these bytes, and closes the connection.
    SendAndClose(Vec<u8>),
}

/// A request for an inference.
pub(crate) struct Asked {
    /// How many came before it.
    pub(crate) number: usize,
    pub(crate) head: String,
    pub(crate) request: InferRequest,
}

impl Asked {
    /// The input's rows.
    pub(crate) fn tensor(&self) -> Tensor {
        match &self.request.inputs[0] {
            InferInput { data: InputData::Tensor(tensor), .. } => tensor.clone(),
            other => panic!("expected a tensor, got {other:?}"),
        }
    }

    /// An answer that gives the rows back.
    pub(crate) fn echo(&self) -> Vec<u8> {
        self.answer(self.tensor())
    }

    /// An answer with this output.
    pub(crate) fn answer(&self, tensor: Tensor) -> Vec<u8> {
        let binary = self.request.parameters.get("binary_data_output") == Some(&Parameter::Bool(true));
        let response = InferResponse {
            model_name: "m".into(),
            model_version: "1".into(),
            id: "".into(),
            parameters: Parameters::default(),
            outputs: std::iter::once(InferOutput {
                name: "y".into(),
                data: if binary { OutputData::Binary(tensor) } else { OutputData::Json(tensor) },
            })
            .collect(),
        };
        let encoded = rest::encode_response(&response).unwrap();
        let length = encoded.json_len.map(|len| format!("{}: {len}\r\n", rest::JSON_LENGTH_HEADER));
        http("200 OK", &length.unwrap_or_default(), &encoded.body)
    }
}

/// A whole answer.
pub(crate) fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A refusal.
pub(crate) fn refusal(status: &str, headers: &str, error: &str) -> Vec<u8> {
    http(status, headers, format!(r#"{{"error":"{error}"}}"#).as_bytes())
}

type React = dyn Fn(&Asked) -> Reaction + Send + Sync;

/// Starts a server that describes its model by itself and leaves inferences to `react`. It ends with the process.
pub(crate) fn start(react: impl Fn(&Asked) -> Reaction + Send + Sync + 'static) -> SocketAddr {
    start_behind(|stream| stream, react)
}

/// The same behind what `wrap` puts before every connection.
pub(crate) fn start_behind<S: Read + Write>(
    wrap: impl Fn(TcpStream) -> S + Send + Sync + 'static,
    react: impl Fn(&Asked) -> Reaction + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (wrap, react): (_, Arc<React>) = (Arc::new(wrap), Arc::new(react));
    let count = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (wrap, react, count) = (Arc::clone(&wrap), Arc::clone(&react), Arc::clone(&count));
            // A client that leaves ends its connection's thread; what it did not read is its own affair.
            thread::spawn(move || {
                let stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                drop(serve(&mut wrap(stream), &*react, &count));
            });
        }
    });
    address
}

fn serve(stream: &mut (impl Read + Write), react: &React, count: &AtomicUsize) -> std::io::Result<()> {
    while let Some((head, body)) = read_request(stream)? {
        if head.starts_with("GET /v2/models/m ") {
            stream.write_all(&http("200 OK", "", METADATA.as_bytes()))?;
            continue;
        }
        if !head.starts_with("POST /v2/models/m/infer ") {
            stream.write_all(&refusal("404 Not Found", "", "no such model"))?;
            continue;
        }
        let json_len = header(&head, rest::JSON_LENGTH_HEADER).map(|value| value.parse().unwrap());
        let request = rest::decode_request(body, json_len, &Limits::default()).unwrap();
        let number = count.fetch_add(1, Ordering::SeqCst);
        match react(&Asked { number, head, request }) {
            Reaction::Send(bytes) => stream.write_all(&bytes)?,
            Reaction::SendAndClose(bytes) => return stream.write_all(&bytes),
        }
    }
    Ok(())
}

fn read_request(stream: &mut impl Read) -> std::io::Result<Option<(String, Bytes)>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some((head, body.into())))
}

/// The value of a header, by its name in lower case.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut found = lines.filter(|(other, _)| other.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.trim())
}

/// The server at `address`, asked for its model.
pub(crate) fn server(address: SocketAddr) -> Server {
    Server::ask(address.to_string().parse().unwrap(), Access::default(), "m", "").unwrap()
}

/// Load on the server at `address`.
pub(crate) fn generator(address: SocketAddr, options: &RequestOptions) -> LoadGenerator {
    let server = server(address);
    let samples = server.draw(Draw::default()).unwrap();
    server.load(&samples, options).unwrap()
}

/// Rows of zeros.
pub(crate) fn zeros(rows: usize) -> Tensor {
    Tensor::zeros(DType::F32, [rows, 3]).unwrap()
}
