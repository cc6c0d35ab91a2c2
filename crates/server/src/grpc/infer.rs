use std::time::Instant;

use http::Response;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::body::Incoming;
use phalanx_protocol::grpc;

use super::answer::Answer;
use super::calls::Call;
use super::front::Front;
use super::messages::Messages;
use super::reply::{self, Left};
use super::{compression, timeout};
use crate::ServeError;
use crate::http::server_timing;
use crate::io::offload;
use crate::serving::{Arrival, infer};

/// Messages are read about so many times as fast as text is.
pub(super) const FASTER_THAN_TEXT: usize = 8;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Answers one inference.
pub(super) async fn answer(
    front: &Front,
    headers: &HeaderMap,
    body: Incoming,
    call: &mut Call,
) -> Result<Response<Left>, ServeError> {
    let context = &*front.endpoint.context;
    let timeout = timeout::of(headers)?;
    let mut messages = Messages::new(body, headers, context)?;
    let encoding = compression::of_answer(headers, messages.encoding());
    let mut in_flight = context.reserve(0)?;
    let message = messages.only(&mut in_flight).await?;
    call.work();
    let (at, bytes) = (Instant::now(), message.len());
    let limits = front.limits;
    let read = move || Ok(grpc::decode_request(grpc::parse(message)?, &limits)?);
    let request = offload(bytes / FASTER_THAN_TEXT, read).await?;
    let answer = infer(context, &front.endpoint.bell, request, Arrival { at, timeout }).await?;
    let message = Answer::new(answer.response)?;
    let message = reply::frame_with(message.encoded_len(), encoding, |buffer| message.encode(buffer))?;
    let mut response = reply::answered(Left::Message(message), encoding);
    response.headers_mut().insert(SERVER_TIMING, unindexed(server_timing(answer.timing)));
    Ok(response)
}

/// A value that is another one each time: remembering it for the next answer would only drive out what repeats.
fn unindexed(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}
