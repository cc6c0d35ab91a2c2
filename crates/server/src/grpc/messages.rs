use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;
use hyper::body::Incoming;

use super::compression;
use crate::context::{Context, InFlight};
use crate::http::compression::{Encoding, UNFOLDING};
use crate::io::offload;
use crate::{Limits, ServeError};

/// In front of each message: whether it is compressed, and its length in four bytes, the highest first.
pub(super) const PREFIX_BYTES: usize = 5;

/// The messages that a client sends in one call.
pub(super) struct Messages {
    body: Incoming,
    /// What has come and is not read yet.
    come: Bytes,
    encoding: Option<Encoding>,
    bytes_max: usize,
    stall: Duration,
}

impl Messages {
    pub(super) fn new(body: Incoming, headers: &HeaderMap, context: &Context) -> Result<Self, ServeError> {
        let Limits { request_bytes_max: bytes_max, .. } = context.options.limits;
        let stall = context.options.timeouts.stall;
        Ok(Self { body, come: Bytes::new(), encoding: compression::of_messages(headers)?, bytes_max, stall })
    }

    /// What messages are compressed with, where they are.
    pub(super) fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// The call's one message, which has to come at once.
    pub(super) async fn only(&mut self, in_flight: &mut InFlight<'_>) -> Result<Bytes, ServeError> {
        if !self.come(PREFIX_BYTES).await? {
            return Err(ServeError::invalid("the call", "one message", "none"));
        }
        let message = self.message(in_flight).await?;
        if self.come.is_empty() && (self.body.is_end_stream() || !self.come(1).await?) {
            return Ok(message);
        }
        Err(ServeError::invalid("the call", "one message", "more"))
    }

    /// The next message of many, which may take as long as the client likes; once begun it has to come at once.
    pub(super) async fn next(&mut self, in_flight: &mut InFlight<'_>) -> Result<Option<Bytes>, ServeError> {
        while self.come.is_empty() {
            match piece(&mut self.body).await? {
                Some(piece) => self.come = piece,
                None => return Ok(None),
            }
        }
        if !self.come(PREFIX_BYTES).await? {
            return Err(cut_short());
        }
        self.message(in_flight).await.map(Some)
    }

    /// A message whose prefix has come. It shares the memory it came in, where it came in one piece.
    async fn message(&mut self, in_flight: &mut InFlight<'_>) -> Result<Bytes, ServeError> {
        let is_compressed = self.come.get_u8();
        let len = usize::try_from(self.come.get_u32()).unwrap_or(usize::MAX);
        if len > self.bytes_max {
            return Err(ServeError::TooLarge { what: "the message", max: self.bytes_max });
        }
        in_flight.grow(len)?;
        if !self.come(len).await? {
            return Err(cut_short());
        }
        let message = self.come.split_to(len);
        match (is_compressed, self.encoding) {
            (0, _) => Ok(message),
            (1, Some(encoding)) => {
                let bytes_max = self.bytes_max;
                let unfold = move || encoding.decompress(&message, bytes_max);
                let plain = offload(len.saturating_mul(UNFOLDING), unfold).await?;
                in_flight.grow(plain.len())?;
                Ok(plain)
            }
            (1, None) => {
                Err(ServeError::invalid("grpc-encoding", "what the message is compressed with", "nothing"))
            }
            (other, _) => Err(ServeError::invalid("the message's first byte", "0 or 1", other)),
        }
    }

    /// Waits until `len` bytes have come; whether so many do.
    async fn come(&mut self, len: usize) -> Result<bool, ServeError> {
        if self.come.len() >= len {
            return Ok(true);
        }
        if self.come.is_empty() {
            match self.soon().await? {
                None => return Ok(false),
                Some(piece) => self.come = piece,
            }
            if self.come.len() >= len {
                return Ok(true);
            }
        }
        let mut all = BytesMut::with_capacity(len);
        all.extend_from_slice(&self.come);
        while all.len() < len {
            match self.soon().await? {
                None => return Ok(false),
                Some(piece) => all.extend_from_slice(&piece),
            }
        }
        self.come = all.freeze();
        Ok(true)
    }

    /// The next piece, which the client may not take long to send.
    async fn soon(&mut self) -> Result<Option<Bytes>, ServeError> {
        match tokio::time::timeout(self.stall, piece(&mut self.body)).await {
            Ok(piece) => piece,
            Err(_) => Err(ServeError::invalid(
                "the message",
                format!("to go on within {:?}", self.stall),
                "nothing",
            )),
        }
    }
}

#[cold]
fn cut_short() -> ServeError {
    ServeError::invalid("the message", "as many bytes as its length says", "fewer")
}

/// The next data; trailers are not of interest.
async fn piece(body: &mut Incoming) -> Result<Option<Bytes>, ServeError> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            None => return Ok(None),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if data.is_empty() => continue,
                Ok(data) => return Ok(Some(data)),
                Err(_) => continue,
            },
            Some(Err(error)) => return Err(ServeError::invalid("the call", "its messages", error)),
        }
    }
}
