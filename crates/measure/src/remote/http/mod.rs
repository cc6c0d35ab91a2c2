//! HTTP/1.1 with connections kept alive, one request on its way on each.
//!
//! Requests are bytes made beforehand, and of an answer's head only what matters is looked at: a load generator that
//! shares its processors with the server must cost little.

mod chunked;
mod connection;
mod head;

pub(crate) use connection::HttpConnection;

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use phalanx_tensor::Signature;

use super::outcome::{Failure, Reply};
use super::prepared::Prepared;
use super::signature::Described;
use super::stream::Connector;
use super::transport::Transport;
use super::{Access, Format, RemoteError, Target, codec, signature};

/// The largest body that is taken.
const BODY_BYTES_MAX: usize = 256 << 20;

/// Characters of an error's text that are kept.
const ERROR_CHARS_MAX: usize = 300;

/// Speaks HTTP with one server.
pub(crate) struct HttpTransport {
    connector: Rc<Connector>,
    /// Whole requests: head and body.
    requests: Vec<Bytes>,
    format: Format,
    /// Bytes of tensors in every answer, where they are always the same.
    tensor_bytes: Cell<Option<usize>>,
}

impl HttpTransport {
    /// What sends these requests.
    pub(crate) fn new(
        connector: &Rc<Connector>,
        target: &Target,
        access: &Access,
        prepared: &Prepared<'_>,
    ) -> Result<Rc<Self>, RemoteError> {
        let path = format!("{}/infer", model_path(target, (&prepared.model, &prepared.version)));
        let whole = |request: Result<_, RemoteError>| {
            let encoded = codec::encode_rest(&request?, prepared.format)?;
            let mut head = head("POST", &path, target, access)?;
            if let Some(json_bytes) = encoded.json_len {
                head.push_str(&format!(
                    "Content-Type: application/octet-stream\r\nInference-Header-Content-Length: {json_bytes}\r\n"
                ));
            } else {
                head.push_str("Content-Type: application/json\r\n");
            }
            head.push_str(&format!("Content-Length: {}\r\n\r\n", encoded.body.len()));
            Ok([head.as_bytes(), &encoded.body].concat().into())
        };
        Ok(Rc::new(Self {
            connector: Rc::clone(connector),
            requests: prepared.requests().map(whole).collect::<Result<_, RemoteError>>()?,
            format: prepared.format,
            tensor_bytes: Cell::new(None),
        }))
    }

    fn check(&self, body: &Bytes, json_bytes: Option<usize>, kept: bool) -> Result<Reply, Failure> {
        let got = body.len().saturating_sub(json_bytes.unwrap_or(body.len()));
        if let Some(expected) = self.tensor_bytes.get().filter(|&expected| expected != got) {
            return Err(Failure::Length { expected, got });
        }
        if kept {
            let answer = codec::decode_rest(body, json_bytes).map_err(Failure::malformed)?;
            return Ok(Reply::Answered(Some(answer.into())));
        }
        if json_bytes.is_none() && !body.trim_ascii_end().ends_with(b"}") {
            return Err(Failure::malformed("its JSON does not end"));
        }
        Ok(Reply::Answered(None))
    }
}

impl Transport for Rc<HttpTransport> {
    type Connection = HttpConnection;

    fn connection(&self, _worker: usize) -> HttpConnection {
        HttpConnection::new(Rc::clone(self))
    }

    fn requests(&self) -> usize {
        self.requests.len()
    }

    fn expect(&self, tensor_bytes: Option<usize>) {
        self.tensor_bytes.set(tensor_bytes.filter(|_| self.format == Format::Binary));
    }
}

/// Asks the server what a model takes and gives.
pub(crate) async fn signature_of(
    connector: &Rc<Connector>,
    target: &Target,
    access: &Access,
    model: (&str, &str),
) -> Result<Signature, RemoteError> {
    let transport = Rc::new(HttpTransport {
        connector: Rc::clone(connector),
        requests: Vec::new(),
        format: Format::Json,
        tensor_bytes: Cell::new(None),
    });
    let refuse = |message: String| RemoteError::Metadata {
        address: target.authority(),
        model: model.0.to_owned(),
        message,
    };
    let request = format!("{}\r\n", head("GET", &model_path(target, model), target, access)?);
    match HttpConnection::new(transport).exchange(request.as_bytes()).await {
        Ok((200, body)) => {
            let metadata: Described =
                serde_json::from_slice(&body).map_err(|error| refuse(error.to_string()))?;
            signature(&metadata).map_err(refuse)
        }
        Ok((status, body)) => Err(refuse(format!("HTTP {status}: {}", error_text(&body)))),
        Err(Failure::Connect { message }) => {
            Err(RemoteError::Unreachable { address: target.authority(), message })
        }
        Err(failure) => Err(refuse(failure.to_string())),
    }
}

fn model_path(target: &Target, (model, version): (&str, &str)) -> String {
    let segment = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let version = if version.is_empty() { String::new() } else { format!("/versions/{}", segment(version)) };
    format!("{}/v2/models/{}{version}", target.prefix, segment(model))
}

/// The head of a request, without the empty line that ends it.
fn head(method: &str, path: &str, target: &Target, access: &Access) -> Result<String, RemoteError> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", target.authority());
    if let Some(key) = &access.api_key {
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(access.no_header());
        }
        head.push_str(&format!("Authorization: Bearer {key}\r\n"));
    }
    Ok(head)
}

/// What a body that is no answer says: the protocol's `error` member, or its beginning.
fn error_text(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct ErrorBody {
        error: String,
    }
    let text = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(body) => body.error,
        Err(_) => String::from_utf8_lossy(&body[..body.len().min(4 * ERROR_CHARS_MAX)]).into_owned(),
    };
    text.chars().take(ERROR_CHARS_MAX).collect()
}
