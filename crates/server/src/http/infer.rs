use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;
use phalanx_engine::Timing;
use phalanx_protocol::rest::schema::{InferenceRequest, InferenceResponse};
use phalanx_protocol::{Limits, OutputData, rest};

use super::compression::{Encoding, UNFOLDING};
use super::{auth, body, reply};
use crate::ServeError;
use crate::io::{Endpoint, Phase, Progress, offload};
use crate::serving::{Answer, Arrival, infer};

/// Where the binary tensor extension says how long the JSON is.
const JSON_LEN: HeaderName = HeaderName::from_static("inference-header-content-length");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Answers one inference.
#[utoipa::path(post, path = "/v2/models/{model}/infer", tag = "inference", params(
    ("model" = String, Path),
    ("inference-header-content-length" = Option<u64>, Header,
        description = "Bytes of the JSON before binary tensors; 0 where the body is the only input's values"),
), request_body = InferenceRequest, responses(
    (status = 200, body = InferenceResponse),
    (status = 400, description = "The request is malformed, or does not fit the model"),
    (status = 404, description = "There is no such model"),
    (status = 413, description = "The request is larger than is allowed"),
    (status = 429, description = "The server is overloaded; `retry-after-ms` says when to come back"),
    (status = 503, description = "The answer would come later than was promised, or the model is not ready"),
    (status = 504, description = "The answer would come later than the request's own `timeout`"),
))]
pub(super) async fn answer(
    endpoint: &Endpoint,
    progress: &Progress,
    request: Request<Incoming>,
    model: &str,
    version: &str,
) -> Result<Response<Bytes>, ServeError> {
    let context = &*endpoint.context;
    let (head, incoming) = request.into_parts();
    auth::check(&head.headers, &context.options.api_keys)?;
    let bytes_max = context.options.limits.request_bytes_max;
    progress.enter(Phase::Body);
    let mut in_flight = context.reserve(0)?;
    let mut bytes = body::read(incoming, &mut in_flight, bytes_max).await?;
    progress.enter(Phase::Working);
    let (at, incoming_bytes) = (Instant::now(), bytes.len());
    let json_len =
        head.headers.get(JSON_LEN).map(|value| reply::number(JSON_LEN.as_str(), value)).transpose()?;
    let limits = Limits { json_depth_max: context.options.limits.json_depth_max, ..Limits::default() };
    if let Some(encoding) = Encoding::of_body(&head.headers)? {
        let unfold = move || encoding.decompress(&bytes, bytes_max);
        bytes = offload(incoming_bytes.saturating_mul(UNFOLDING), unfold).await?;
        in_flight.grow(bytes.len())?;
    }
    let text = json_len.unwrap_or(bytes.len());
    let mut request = offload(text, move || Ok(rest::decode_request(bytes, json_len, &limits)?)).await?;
    request.model_name = model.into();
    request.model_version = version.into();
    let answer = infer(context, &endpoint.bell, request, Arrival { at, timeout: None }).await?;
    let wanted = Encoding::wanted(&head.headers);
    offload(text_bytes(&answer, wanted), move || encode(&answer, wanted)).await
}

/// About how many bytes of text, or of what is to be compressed, an answer is.
fn text_bytes(answer: &Answer, wanted: Option<Encoding>) -> usize {
    let outputs = answer.response.outputs.iter().map(|output| match &output.data {
        OutputData::Json(tensor) => tensor.size_bytes(),
        OutputData::Binary(tensor) if wanted.is_some() => tensor.size_bytes(),
        _ => 0,
    });
    outputs.sum()
}

fn encode(answer: &Answer, wanted: Option<Encoding>) -> Result<Response<Bytes>, ServeError> {
    let encoded = rest::encode_response(&answer.response)?;
    let mut response = Response::new(encoded.body);
    let headers = response.headers_mut();
    match encoded.json_len {
        None => headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json")),
        Some(json_len) => {
            headers.insert(JSON_LEN, HeaderValue::from(json_len));
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))
        }
    };
    headers.insert(SERVER_TIMING, server_timing(answer.timing));
    if let Some(encoding) = wanted
        && let Ok(compressed) = encoding.compress(response.body())
    {
        *response.body_mut() = compressed;
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
    }
    Ok(response)
}

/// Where the time went, in milliseconds, and how many rows shared the batch, as browsers and proxies read it
/// (<https://www.w3.org/TR/server-timing/>).
pub(crate) fn server_timing(timing: Timing) -> HeaderValue {
    let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let (queue, compute) = (micros(timing.queue), micros(timing.compute));
    let text = format!(
        "queue;dur={}.{:03}, compute;dur={}.{:03}, batch;desc={}",
        queue / 1000,
        queue % 1000,
        compute / 1000,
        compute % 1000,
        timing.batch_rows,
    );
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("digits and punctuation are allowed in a header")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_in_milliseconds() {
        let timing = Timing {
            queue: Duration::from_micros(42),
            compute: Duration::from_micros(12_345),
            batch_rows: 7,
        };
        assert_eq!(server_timing(timing), "queue;dur=0.042, compute;dur=12.345, batch;desc=7");
    }
}
