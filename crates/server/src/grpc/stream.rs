use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Response;
use http::header::HeaderMap;
use hyper::body::Incoming;
use phalanx_protocol::grpc::proto::{ModelInferRequest, ModelInferResponse, ModelStreamInferResponse};
use phalanx_protocol::{Parameter, grpc};

use super::calls::Call;
use super::compression;
use super::front::Front;
use super::infer::FASTER_THAN_TEXT;
use super::messages::Messages;
use super::reply::{self, Framed, Left};
use crate::ServeError;
use crate::context::Held;
use crate::http::compression::Encoding;
use crate::io::offload;
use crate::observe::{request_span, traced};
use crate::serving::{Arrival, infer};

/// Requests of one stream that are answered at once: enough to fill batches, and no more than that held in memory.
const IN_FLIGHT_MAX: usize = 64;
/// Says that no more answers to the same request follow; Triton's clients look for it.
const FINAL: &str = "triton_final_response";

/// Answers the inferences of a stream: many at once, in the order they came. One that fails is answered with its error,
/// and the stream goes on.
pub(super) fn answer(
    front: &Arc<Front>,
    headers: &HeaderMap,
    body: Incoming,
    call: &mut Call,
) -> Result<Response<Left>, ServeError> {
    let messages = Messages::new(body, headers, &front.endpoint.context)?;
    let encoding = compression::of_answer(headers, messages.encoding());
    call.work();
    let answering = Arc::clone(front);
    let answers = requests(Arc::clone(front), messages)
        .take_until(Box::pin(call.closed()))
        .map(move |message| one(Arc::clone(&answering), message, encoding))
        .buffered(IN_FLIGHT_MAX);
    let framed: Framed = Box::pin(answers);
    Ok(reply::answered(Left::Stream(framed), encoding))
}

/// The messages as they come, until one is malformed.
fn requests(
    front: Arc<Front>,
    messages: Messages,
) -> impl stream::Stream<Item = Result<Bytes, ServeError>> + Send {
    stream::unfold(Some(messages), move |messages| {
        let front = Arc::clone(&front);
        async move {
            let mut messages = messages?;
            let read = async {
                let mut in_flight = front.endpoint.context.reserve(0)?;
                messages.next(&mut in_flight).await
            };
            match read.await.transpose()? {
                Ok(message) => Some((Ok(message), Some(messages))),
                Err(error) => Some((Err(error), None)),
            }
        }
    })
}

async fn one(
    front: Arc<Front>,
    message: Result<Bytes, ServeError>,
    encoding: Option<Encoding>,
) -> Result<(Bytes, Held), ServeError> {
    let message = message?;
    let at = Instant::now();
    let context = &front.endpoint.context;
    let bytes = message.len();
    let parse = move || Ok(grpc::parse::<ModelInferRequest>(message)?);
    let request = offload(bytes / FASTER_THAN_TEXT, parse).await?;
    let mark = request.id.clone();
    let answered = async {
        let _in_flight = context.reserve(bytes)?;
        let limits = front.limits;
        let read = move || Ok(grpc::decode_request(request, &limits)?);
        let request = offload(bytes / FASTER_THAN_TEXT, read).await?;
        let arrival = Arrival { at, timeout: None };
        let mut answer = infer(context, &front.endpoint.bell, request, arrival).await?;
        answer.response.parameters.set(FINAL, Parameter::Bool(true));
        Ok(grpc::encode_response(answer.response)?)
    };
    let answered = traced(request_span(&HeaderMap::new(), "grpc"), answered);
    let answer = match answered.await {
        Ok(response) => {
            ModelStreamInferResponse { error_message: String::new(), infer_response: Some(response) }
        }
        Err(error) => failed(&error, mark),
    };
    let framed = reply::frame(&answer, encoding)?;
    let held = context.hold(framed.len());
    Ok((framed, held))
}

fn failed(error: &ServeError, id: String) -> ModelStreamInferResponse {
    let marked = ModelInferResponse { id, ..ModelInferResponse::default() };
    ModelStreamInferResponse { error_message: error.to_string(), infer_response: Some(marked) }
}
