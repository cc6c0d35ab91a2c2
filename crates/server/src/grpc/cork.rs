use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// More than this is not gathered: it is worth a system call of its own, and not worth copying.
const GATHERED_BYTES_MAX: usize = 32 << 10;

/// A stream that gathers what is written until it is told to let go.
///
/// HTTP/2 writes each answer's data for itself, although many become ready at once: a system call for each would be half of
/// what a small inference costs. The connection's task lets go when it has written all it had.
pub(super) struct Corked<S> {
    inner: Arc<Mutex<Inner<S>>>,
}

struct Inner<S> {
    stream: S,
    gathered: BytesMut,
}

impl<S> Corked<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { stream, gathered: BytesMut::new() })) }
    }

    /// The same stream.
    pub(super) fn share(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncWrite + Unpin> Corked<S> {
    /// Writes what was gathered, as far as that goes now; the task is woken when the rest can be.
    pub(super) fn poll_let_go(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.inner();
        ready!(inner.poll_write_gathered(context))?;
        Pin::new(&mut inner.stream).poll_flush(context)
    }
}

impl<S: AsyncWrite + Unpin> Inner<S> {
    fn poll_write_gathered(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.gathered.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &self.gathered))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.gathered.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Corked<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Corked<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.inner();
        let bytes = slices.iter().map(|slice| slice.len()).sum::<usize>();
        if inner.gathered.len() + bytes <= GATHERED_BYTES_MAX {
            slices.iter().for_each(|slice| inner.gathered.extend_from_slice(slice));
            return Poll::Ready(Ok(bytes));
        }
        ready!(inner.poll_write_gathered(context))?;
        Pin::new(&mut inner.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// What is gathered is let go by the connection's task, not by each answer.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.inner();
        ready!(inner.poll_write_gathered(context))?;
        Pin::new(&mut inner.stream).poll_shutdown(context)
    }
}
