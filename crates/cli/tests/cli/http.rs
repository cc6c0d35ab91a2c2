use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A server that does not answer is stuck, and the test with it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection that asks by hand, so that every byte is the test's own.
pub(crate) struct Connection<S: Read + Write = TcpStream>(BufReader<S>);

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.ask("GET", path, &[], b"")
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let length = ("content-length", &*body.len().to_string());
        self.send(method, path, &[headers, &[length]].concat(), body);
        self.reply().unwrap_or_else(|| panic!("{path} was not answered"))
    }

    /// Infers one row of four numbers.
    pub(crate) fn infer(&mut self, model: &str, row: [f32; 4]) -> Reply {
        let body = serde_json::json!({
            "inputs": [{ "name": "x", "datatype": "FP32", "shape": [1, 4], "data": row }],
        });
        self.ask("POST", &format!("/v2/models/{model}/infer"), &[], body.to_string().as_bytes())
    }

    /// Sends a request's bytes, with nothing but these headers.
    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut message = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n");
        headers.iter().for_each(|(name, value)| message.push_str(&format!("{name}: {value}\r\n")));
        message.push_str("\r\n");
        let bytes = [message.as_bytes(), body].concat();
        // Where it fails the server has something to say about it.
        let _ = self.0.get_mut().write_all(&bytes);
    }

    /// The next answer, unless the server closes the connection first.
    pub(crate) fn reply(&mut self) -> Option<Reply> {
        let mut line = String::new();
        if self.0.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).ok()?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None => break,
            }
        }
        let mut reply = Reply { status, headers, body: Vec::new() };
        reply.body = vec![0; reply.header("content-length").map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut reply.body).ok()?;
        Some(reply)
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The numbers of the one output.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        assert_eq!(self.status, 200, "{self:?}");
        let data = self.json()["outputs"][0]["data"].as_array().unwrap().clone();
        data.iter().map(|number| number.as_f64().unwrap()).collect()
    }

    /// What went wrong, as the server says it.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_else(|| panic!("no error in {self:?}")).to_owned()
    }
}
