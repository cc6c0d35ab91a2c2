use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::Stream;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Body, Frame};
use prost::Message;
use tonic::Code;

use super::calls::Call;
use super::compression::ENCODING;
use super::messages::PREFIX_BYTES;
use super::status;
use crate::ServeError;
use crate::context::Held;
use crate::http::compression::Encoding;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The framed messages of an answer, each with its prefix, in order. Each is counted as held until it is sent.
pub(super) type Framed = Pin<Box<dyn Stream<Item = Result<(Bytes, Held), ServeError>> + Send>>;

/// What a reply's body is. It holds its call open until all is sent.
pub(super) struct ReplyBody {
    left: Left,
    call: Call,
    held: Option<Held>,
}

/// What is still to be sent.
pub(super) enum Left {
    Message(Bytes),
    Stream(Framed),
    Trailers(HeaderMap),
    Nothing,
}

impl ReplyBody {
    pub(super) fn new(left: Left, mut call: Call) -> Self {
        if !matches!(left, Left::Stream(_)) {
            call.wait();
        }
        let held = if let Left::Message(message) = &left { Some(call.hold(message.len())) } else { None };
        Self { left, call, held }
    }
}

/// The reply to a call that was answered.
pub(super) fn answered(left: Left, encoding: Option<Encoding>) -> Response<Left> {
    let mut response = Response::new(left);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, GRPC);
    if let Some(encoding) = encoding {
        headers.insert(ENCODING, HeaderValue::from_static(encoding.name()));
    }
    response
}

/// The reply to a call that failed.
pub(super) fn failed(error: &ServeError) -> Response<Left> {
    status::status(error).into_http::<()>().map(|()| Left::Nothing)
}

/// The reply to what is no gRPC at all, as its specification wants it.
pub(super) fn not_grpc() -> Response<Left> {
    let mut response = Response::new(Left::Nothing);
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// A message with its prefix, compressed if asked for.
///
/// # Errors
/// [`ServeError::Failed`] for a message too long to be said.
pub(super) fn frame(message: &impl Message, encoding: Option<Encoding>) -> Result<Bytes, ServeError> {
    frame_with(message.encoded_len(), encoding, |buffer| message.encode_raw(buffer))
}

/// As [`frame`], of a message of `len` bytes that `encode` writes.
///
/// # Errors
/// As [`frame`].
pub(super) fn frame_with(
    len: usize,
    encoding: Option<Encoding>,
    encode: impl FnOnce(&mut BytesMut),
) -> Result<Bytes, ServeError> {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + len);
    let Some(encoding) = encoding else {
        framed.put_u8(0);
        framed.put_u32(said(len)?);
        encode(&mut framed);
        return Ok(framed.freeze());
    };
    encode(&mut framed);
    let failed = |error: std::io::Error| ServeError::Failed { message: error.to_string() };
    let compressed = encoding.compress(&framed).map_err(failed)?;
    framed.clear();
    framed.put_u8(1);
    framed.put_u32(said(compressed.len())?);
    framed.extend_from_slice(&compressed);
    Ok(framed.freeze())
}

fn said(len: usize) -> Result<u32, ServeError> {
    let too_long =
        |_| ServeError::Failed { message: format!("an answer of {len} bytes is too long for gRPC") };
    u32::try_from(len).map_err(too_long)
}

fn trailers() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(STATUS, status::OK);
    trailers
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Left::Stream(messages) = &mut self.left {
            let next = match messages.as_mut().poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(next) => next,
            };
            return Poll::Ready(match next {
                Some(Ok((message, held))) => {
                    // What was sent before has left by now: no more is asked for until then.
                    self.held = Some(held);
                    Some(Ok(Frame::data(message)))
                }
                Some(Err(error)) => {
                    self.call.end(status::code(&error));
                    self.left = Left::Nothing;
                    Some(Ok(Frame::trailers(status::trailers(&error))))
                }
                None => {
                    self.call.end(Code::Ok);
                    self.left = Left::Nothing;
                    Some(Ok(Frame::trailers(trailers())))
                }
            });
        }
        Poll::Ready(match std::mem::replace(&mut self.left, Left::Nothing) {
            Left::Message(message) => {
                self.call.end(Code::Ok);
                self.left = Left::Trailers(trailers());
                Some(Ok(Frame::data(message)))
            }
            Left::Trailers(trailers) => Some(Ok(Frame::trailers(trailers))),
            Left::Stream(_) | Left::Nothing => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.left, Left::Nothing)
    }
}
