use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::outcome::Failure;
use super::tls::Tls;
use super::{Access, RemoteError, Target};

/// Opens connections to one server.
#[derive(Debug)]
pub(crate) struct Connector {
    /// All that its name stands for, tried in turn.
    addresses: Vec<SocketAddr>,
    tls: Option<Tls>,
}

impl Connector {
    /// Looks the server's addresses up.
    pub(crate) fn new(target: &Target, access: &Access) -> Result<Self, RemoteError> {
        Ok(Self { addresses: target.resolve()?, tls: Tls::new(target, access)? })
    }

    pub(crate) async fn connect(&self) -> Result<Stream, Failure> {
        let refuse = |error: io::Error| Failure::Connect { message: error.to_string() };
        let tcp = TcpStream::connect(&*self.addresses).await.map_err(refuse)?;
        tcp.set_nodelay(true).map_err(refuse)?;
        let Some(Tls { config, name }) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let connector = TlsConnector::from(Arc::clone(config));
        let tls = connector.connect(name.clone(), tcp).await.map_err(refuse)?;
        Ok(Stream::Tls(Box::new(tls)))
    }
}

/// A connection to a server.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Whether another request can be sent on it: it is not closed, and nothing has come that nobody asked for.
    pub(crate) async fn is_idle(&self) -> bool {
        let (tcp, tickets) = match self {
            Self::Plain(tcp) => (tcp, false),
            // Servers send session tickets when they like.
            Self::Tls(tls) => (tls.get_ref().0, true),
        };
        poll_fn(|context| {
            // Most often nothing has come, which costs no call of the system.
            if tcp.poll_read_ready(context).is_pending() {
                return Poll::Ready(true);
            }
            let mut byte = [0];
            Poll::Ready(match tcp.poll_peek(context, &mut ReadBuf::new(&mut byte)) {
                Poll::Pending => true,
                Poll::Ready(came) => came.is_ok_and(|bytes| bytes > 0 && tickets),
            })
        })
        .await
    }
}

/// Calls the same of whichever connection it is.
macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Plain($inner) => {
                let $inner = Pin::new($inner);
                $call
            }
            Stream::Tls($inner) => {
                let $inner = Pin::new(&mut **$inner);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, inner => inner.poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, inner => inner.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => inner.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => inner.poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    /// A connection, and the server's end of it.
    async fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap().to_string().parse().unwrap();
        let connector = Connector::new(&target, &Access::default()).unwrap();
        let client = connector.connect().await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    #[test]
    fn a_connection_is_idle_until_something_comes_or_it_is_closed() {
        crate::remote::event_loop(look()).unwrap();
    }

    async fn look() {
        let (client, mut server) = pair().await;
        assert!(client.is_idle().await);
        server.write_all(b"x").await.unwrap();
        let Stream::Plain(tcp) = &client else { panic!("expected no TLS") };
        tcp.readable().await.unwrap();
        assert!(!client.is_idle().await);
        let (client, server) = pair().await;
        drop(server);
        let Stream::Plain(tcp) = &client else { panic!("expected no TLS") };
        tcp.readable().await.unwrap();
        assert!(!client.is_idle().await);
    }
}
