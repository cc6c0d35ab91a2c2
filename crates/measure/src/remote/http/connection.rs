use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::chunked;
use super::head::{BodyLength, Head};
use super::{BODY_BYTES_MAX, HttpTransport};
use crate::remote::outcome::{Failure, Refusal, Reply, Status};
use crate::remote::stream::Stream;
use crate::remote::transport::Connection;

/// Room for answers: most need one read, which also tells the event loop that nothing more is there.
const READ_BYTES: usize = 16 << 10;

/// A connection kept alive, with at most one request on its way.
pub(crate) struct HttpConnection {
    pub(super) transport: Rc<HttpTransport>,
    stream: Option<Stream>,
    read: BytesMut,
}

/// A whole answer.
struct Answer {
    head: Head,
    body: Bytes,
}

impl HttpConnection {
    pub(super) fn new(transport: Rc<HttpTransport>) -> Self {
        Self { transport, stream: None, read: BytesMut::new() }
    }

    /// Sends `request` as it is, and gives the status and body of the answer.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<(u16, Bytes), Failure> {
        self.open().await?;
        let answer = self.round_trip(request).await?;
        Ok((answer.head.status, answer.body))
    }

    async fn round_trip(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        // Whatever goes wrong from here on, what still comes is no answer to another request.
        let mut stream = self.stream.take().ok_or(Failure::ClosedBefore)?;
        self.read.clear();
        stream.write_all(request).await.map_err(Failure::broken)?;
        stream.flush().await.map_err(Failure::broken)?;
        let answer = read_answer(&mut stream, &mut self.read).await?;
        if !self.read.is_empty() {
            return Err(Failure::malformed("more came than one answer"));
        }
        if !answer.head.last {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

impl Connection for HttpConnection {
    async fn open(&mut self) -> Result<(), Failure> {
        // A server may close a connection that nothing is on its way on: that is no failure of a request.
        if let Some(stream) = &self.stream
            && stream.is_idle().await
        {
            return Ok(());
        }
        self.stream = Some(self.transport.connector.connect().await?);
        Ok(())
    }

    async fn ask(&mut self, request: usize, kept: bool) -> Result<Reply, Failure> {
        let transport = Rc::clone(&self.transport);
        let answer = self.round_trip(&transport.requests[request]).await?;
        let Head { status, json_bytes, retry_after, .. } = answer.head;
        if status == 200 {
            return transport.check(&answer.body, json_bytes, kept);
        }
        let (status, message) = (Status::Http(status), super::error_text(&answer.body));
        if status.refuses() {
            return Ok(Reply::Refused(Refusal { status, reason: message, retry_after }));
        }
        Err(Failure::Status { status, message })
    }

    fn close(&mut self) {
        self.stream = None;
    }
}

async fn read_answer(stream: &mut Stream, read: &mut BytesMut) -> Result<Answer, Failure> {
    let mut head = None;
    loop {
        read.reserve(READ_BYTES);
        match stream.read_buf(read).await.map_err(Failure::broken)? {
            0 if read.is_empty() => return Err(Failure::ClosedBefore),
            0 => return Err(Failure::ClosedWithin),
            _ => {}
        }
        if head.is_none() {
            head = Head::parse(read)?;
        }
        // An interim answer is followed by the one that counts.
        while let Some(interim) = head.take_if(|head| (100..200).contains(&head.status)) {
            read.advance(interim.bytes);
            head = Head::parse(read)?;
        }
        if let Some(head) = &head
            && let Some(body) = take_body(head, read)?
        {
            return Ok(Answer { head: head.clone(), body });
        }
    }
}

/// Takes an answer out of what was read, where all of it is there. Gives its body.
fn take_body(head: &Head, read: &mut BytesMut) -> Result<Option<Bytes>, Failure> {
    match head.body {
        BodyLength::Known(length) if length > BODY_BYTES_MAX => {
            Err(Failure::malformed(format_args!("its body exceeds {BODY_BYTES_MAX} bytes")))
        }
        BodyLength::Known(length) if read.len() < head.bytes + length => Ok(None),
        BodyLength::Known(length) => {
            let mut answer = read.split_to(head.bytes + length);
            answer.advance(head.bytes);
            Ok(Some(answer.freeze()))
        }
        BodyLength::Chunked => {
            let joined = chunked::join(&read[head.bytes..], BODY_BYTES_MAX)?;
            Ok(joined.map(|(body, taken)| {
                read.advance(head.bytes + taken);
                body.into()
            }))
        }
    }
}
