use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::body::Incoming;

use crate::ServeError;
use crate::context::InFlight;

/// Reads a whole body of at most `bytes_max` bytes, which are counted as in flight.
///
/// A body that came in one piece is not copied. Whoever sends it too slowly is cut off by the patrol.
pub(super) async fn read(
    mut body: Incoming,
    in_flight: &mut InFlight<'_>,
    bytes_max: usize,
) -> Result<Bytes, ServeError> {
    let too_large = ServeError::TooLarge { what: "the body", max: bytes_max };
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if expected > bytes_max {
        return Err(too_large);
    }
    in_flight.grow(expected)?;
    let mut reserved = expected;
    let Some(first) = piece(&mut body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() {
        return if first.len() <= bytes_max { Ok(first) } else { Err(too_large) };
    }
    let mut whole = BytesMut::with_capacity(expected.max(first.len()));
    let mut next = Some(first);
    while let Some(piece_of_it) = next {
        let bytes = whole.len() + piece_of_it.len();
        if bytes > bytes_max {
            return Err(too_large);
        }
        if bytes > reserved {
            in_flight.grow(bytes - reserved)?;
            reserved = bytes;
        }
        whole.extend_from_slice(&piece_of_it);
        next = piece(&mut body).await?;
    }
    Ok(whole.freeze())
}

/// The next data of a body; trailers are not of interest.
async fn piece(body: &mut Incoming) -> Result<Option<Bytes>, ServeError> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            None => return Ok(None),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => return Ok(Some(data)),
                Err(_) => continue,
            },
            Some(Err(error)) => {
                return Err(ServeError::invalid("the body", "as many bytes as its headers say", error));
            }
        }
    }
}
