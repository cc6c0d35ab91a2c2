use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request};

use super::link::Link;
use super::{GrpcTransport, MESSAGE_BYTES_MAX, PREFIX_BYTES};
use crate::remote::outcome::{Failure, Refusal, Reply, Status};
use crate::remote::transport::Connection;

/// Deadline exceeded, resource exhausted and unavailable, as gRPC numbers them.
const RESOURCE_EXHAUSTED: u32 = 8;
const UNAVAILABLE: u32 = 14;
const UNKNOWN: u32 = 2;

/// One worker's share of a connection: one stream at a time.
pub(crate) struct GrpcConnection {
    transport: Rc<GrpcTransport>,
    link: Rc<Link>,
    sender: Option<SendRequest<Bytes>>,
}

/// A call's message, or the refusal that came instead.
pub(super) enum Called {
    Message(Bytes),
    Refused(Refusal),
}

impl GrpcConnection {
    pub(super) fn new(transport: Rc<GrpcTransport>, link: Rc<Link>) -> Self {
        Self { transport, link, sender: None }
    }

    /// Calls with one message (its prefix included) and waits for the one that answers it.
    pub(super) async fn call(&mut self, request: Request<()>, message: Bytes) -> Result<Called, Failure> {
        let sender = self.sender.as_mut().ok_or(Failure::ClosedBefore)?;
        match unary(sender, request, message).await {
            Ok(called) => Ok(called),
            Err(Ended::Failed(failure)) => Err(failure),
            Err(Ended::Broken(error)) => refused_stream(&error).map(Called::Refused).ok_or(match error {
                error if error.is_io() || error.is_go_away() => Failure::broken(error),
                error => Failure::malformed(error),
            }),
        }
    }
}

impl Connection for GrpcConnection {
    async fn open(&mut self) -> Result<(), Failure> {
        if let Some(sender) = self.sender.take() {
            self.sender = sender.ready().await.ok();
        }
        if self.sender.is_none() {
            let sender = self.link.sender().await?;
            self.sender = Some(sender.ready().await.map_err(Failure::broken)?);
        }
        Ok(())
    }

    async fn ask(&mut self, request: usize, kept: bool) -> Result<Reply, Failure> {
        let transport = Rc::clone(&self.transport);
        let message = transport.messages[request].clone();
        match self.call(transport.request.clone(), message).await? {
            Called::Message(message) => transport.check(message, kept),
            Called::Refused(refusal) => Ok(Reply::Refused(refusal)),
        }
    }

    fn close(&mut self) {
        self.sender = None;
    }
}

/// Why a call has no message.
enum Ended {
    Failed(Failure),
    Broken(h2::Error),
}

impl From<h2::Error> for Ended {
    fn from(error: h2::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

async fn unary(
    sender: &mut SendRequest<Bytes>,
    request: Request<()>,
    message: Bytes,
) -> Result<Called, Ended> {
    let (response, mut sent) = sender.send_request(request, false)?;
    sent.send_data(message, true)?;
    let (head, mut body) = response.await?.into_parts();
    if head.status != 200 {
        let status = Status::Http(head.status.as_u16());
        return Ok(without_message(status, String::new(), &head.headers)?);
    }
    let message = collect(&mut body).await?;
    let trailers = body.trailers().await?;
    // An answer without a message has its status among the headers.
    let said = trailers.as_ref().unwrap_or(&head.headers);
    match text(said, "grpc-status").and_then(|code| code.parse().ok()) {
        Some(0) => Ok(Called::Message(unframed(message)?)),
        // Others than the 17 that there are count as one.
        code => {
            let status = Status::Grpc(code.filter(|code| (1..=16).contains(code)).unwrap_or(UNKNOWN));
            let message = text(said, "grpc-message").unwrap_or_default();
            let message = percent_encoding::percent_decode_str(message).decode_utf8_lossy().into_owned();
            Ok(without_message(status, message, said)?)
        }
    }
}

async fn collect(body: &mut RecvStream) -> Result<Bytes, Ended> {
    let mut whole = Bytes::new();
    let mut parts = BytesMut::new();
    while let Some(part) = body.data().await {
        let part = part?;
        body.flow_control().release_capacity(part.len())?;
        if whole.len() + parts.len() + part.len() > MESSAGE_BYTES_MAX {
            return Err(Failure::malformed(format_args!("it exceeds {MESSAGE_BYTES_MAX} bytes")).into());
        }
        // Most answers come in one part, which is not copied.
        if whole.is_empty() && parts.is_empty() {
            whole = part;
        } else {
            parts.extend_from_slice(&std::mem::take(&mut whole));
            parts.extend_from_slice(&part);
        }
    }
    Ok(if parts.is_empty() { whole } else { parts.freeze() })
}

/// Takes the prefix off: a byte that says whether the message is compressed, and its length.
fn unframed(mut framed: Bytes) -> Result<Bytes, Failure> {
    if framed.len() < PREFIX_BYTES {
        return Err(Failure::malformed("it has no message"));
    }
    let (compressed, length) = (framed.get_u8(), framed.get_u32() as usize);
    if compressed != 0 || length != framed.len() {
        let got = framed.len();
        return Err(Failure::malformed(format_args!(
            "expected one plain message of {length} bytes, got {got}"
        )));
    }
    Ok(framed)
}

fn without_message(status: Status, message: String, headers: &HeaderMap) -> Result<Called, Failure> {
    if !status.refuses() {
        return Err(Failure::Status { status, message });
    }
    let number = |name| text(headers, name).and_then(|text| text.parse::<u64>().ok());
    let ms = number("grpc-retry-pushback-ms").or_else(|| number("retry-after-ms"));
    let retry_after =
        ms.map(Duration::from_millis).or_else(|| number("retry-after").map(Duration::from_secs));
    Ok(Called::Refused(Refusal { status, reason: message, retry_after }))
}

/// A stream that was reset before it began is a refusal, with the status that the gRPC documentation ("gRPC over
/// HTTP2", errors) gives it.
fn refused_stream(error: &h2::Error) -> Option<Refusal> {
    let code = match error.reason().filter(|_| error.is_reset() && error.is_remote())? {
        Reason::REFUSED_STREAM => UNAVAILABLE,
        Reason::ENHANCE_YOUR_CALM => RESOURCE_EXHAUSTED,
        _ => return None,
    };
    let reason = "the stream was refused".to_owned();
    Some(Refusal { status: Status::Grpc(code), reason, retry_after: None })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
