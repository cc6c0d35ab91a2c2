//! gRPC: `inference.GRPCInferenceService` over HTTP/2, one stream a request, many streams a connection.

mod connection;
mod link;

pub(crate) use connection::GrpcConnection;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderValue, Request};
use phalanx_tensor::Signature;

use self::connection::Called;
use self::link::Link;
use super::outcome::{Failure, Reply};
use super::prepared::Prepared;
use super::stream::Connector;
use super::transport::{Connection, Transport};
use super::{Access, RemoteError, Target, codec, signature};

/// A byte that says whether the message is compressed, and four for its length.
const PREFIX_BYTES: usize = 5;

/// The largest message that is taken.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// Streams of one connection: what servers allow at least, by RFC 9113's advice.
const STREAMS: usize = 100;

/// Speaks gRPC with one server.
pub(crate) struct GrpcTransport {
    connector: Rc<Connector>,
    /// The head of every request for an inference.
    request: Request<()>,
    /// Requests, each with its prefix.
    messages: Vec<Bytes>,
    /// Bytes of tensors in every answer, where they are always the same.
    tensor_bytes: Cell<Option<usize>>,
    /// Each lives as long as a worker uses it.
    links: RefCell<Vec<Weak<Link>>>,
}

impl GrpcTransport {
    /// What sends these requests.
    pub(crate) fn new(
        connector: &Rc<Connector>,
        target: &Target,
        access: &Access,
        prepared: &Prepared<'_>,
    ) -> Result<Rc<Self>, RemoteError> {
        let messages = prepared.requests().map(|request| framed(&codec::encode_grpc(&request?)?));
        Ok(Rc::new(Self {
            connector: Rc::clone(connector),
            request: head(target, access, "ModelInfer")?,
            messages: messages.collect::<Result<_, RemoteError>>()?,
            tensor_bytes: Cell::new(None),
            links: RefCell::default(),
        }))
    }

    fn check(&self, message: Bytes, kept: bool) -> Result<Reply, Failure> {
        let expected = self.tensor_bytes.get();
        // Around the tensors are names, shapes and parameters, of which only a decoder knows the length.
        if let Some(expected) = expected.filter(|&expected| message.len() < expected) {
            return Err(Failure::Length { expected, got: message.len() });
        }
        if !kept {
            return Ok(Reply::Answered(None));
        }
        Ok(Reply::Answered(Some(codec::decode_grpc(message).map_err(Failure::malformed)?.into())))
    }
}

impl Transport for Rc<GrpcTransport> {
    type Connection = GrpcConnection;

    fn connection(&self, worker: usize) -> GrpcConnection {
        let mut links = self.links.borrow_mut();
        let place = worker / STREAMS;
        if links.len() <= place {
            links.resize(place + 1, Weak::new());
        }
        let link = links[place].upgrade().unwrap_or_else(|| {
            let link = Rc::new(Link::new(Rc::clone(&self.connector)));
            links[place] = Rc::downgrade(&link);
            link
        });
        GrpcConnection::new(Rc::clone(self), link)
    }

    fn requests(&self) -> usize {
        self.messages.len()
    }

    fn expect(&self, tensor_bytes: Option<usize>) {
        self.tensor_bytes.set(tensor_bytes);
    }
}

/// Asks the server what a model takes and gives.
pub(crate) async fn signature_of(
    connector: &Rc<Connector>,
    target: &Target,
    access: &Access,
    model: (&str, &str),
) -> Result<Signature, RemoteError> {
    let link = Rc::new(Link::new(Rc::clone(connector)));
    let transport = Rc::new(GrpcTransport {
        connector: Rc::clone(connector),
        request: Request::new(()),
        messages: Vec::new(),
        tensor_bytes: Cell::new(None),
        links: RefCell::default(),
    });
    let mut connection = GrpcConnection::new(transport, link);
    let message = framed(&codec::encode_metadata_request(model));
    let request = head(target, access, "ModelMetadata")?;
    let unreachable = |failure: Failure| RemoteError::Unreachable {
        address: target.authority(),
        message: failure.to_string(),
    };
    let refuse = |message: String| RemoteError::Metadata {
        address: target.authority(),
        model: model.0.to_owned(),
        message,
    };
    connection.open().await.map_err(unreachable)?;
    match connection.call(request, message?).await {
        Ok(Called::Message(message)) => {
            signature(&codec::decode_metadata(message).map_err(|error| refuse(error.to_string()))?)
                .map_err(refuse)
        }
        Ok(Called::Refused(refusal)) => Err(refuse(format!("{}: {}", refusal.status, refusal.reason))),
        Err(failure) => Err(refuse(failure.to_string())),
    }
}

fn head(target: &Target, access: &Access, method: &str) -> Result<Request<()>, RemoteError> {
    let scheme = if target.tls { "https" } else { "http" };
    let path = format!("{}/inference.GRPCInferenceService/{method}", target.prefix);
    let mut request = Request::post(format!("{scheme}://{}{path}", target.authority()))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(key) = &access.api_key {
        let mut value = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| access.no_header())?;
        value.set_sensitive(true);
        request = request.header("authorization", value);
    }
    request.body(()).map_err(|_| RemoteError::Url { url: target.to_string(), expected: "a server's address" })
}

fn framed(message: &[u8]) -> Result<Bytes, RemoteError> {
    let length = u32::try_from(message.len()).map_err(|_| RemoteError::Option {
        option: "rows",
        expected: "requests of up to 4 GiB",
        got: format!("{} bytes", message.len()),
    })?;
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(length);
    framed.put_slice(message);
    Ok(framed.freeze())
}
