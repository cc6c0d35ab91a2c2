use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite};

use super::progress::{Order, Progress};

/// A connection's bytes, plain or decrypted.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// Runs a connection until it ends, or until it is told to: at `finish_at` it is to finish what it has begun.
pub(crate) async fn drive<C>(
    progress: &Progress,
    mut connection: Pin<&mut C>,
    finish_at: Order,
    mut finish: impl FnMut(Pin<&mut C>),
) where
    C: Future,
{
    let mut finishing = false;
    poll_fn(|context| {
        match progress.told(context.waker()) {
            Order::Drop => return Poll::Ready(()),
            order if order >= finish_at && !finishing => {
                finishing = true;
                finish(connection.as_mut());
            }
            _ => {}
        }
        connection.as_mut().poll(context).map(drop)
    })
    .await;
}
