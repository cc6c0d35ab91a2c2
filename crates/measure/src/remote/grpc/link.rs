use std::rc::Rc;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use tokio::sync::Mutex;

use crate::remote::outcome::Failure;
use crate::remote::stream::Connector;

/// How much a server may send before it is told to go on: windows that answers do not fill.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;

/// One HTTP/2 connection that many workers send their requests on.
pub(super) struct Link {
    connector: Rc<Connector>,
    sender: Mutex<Option<SendRequest<Bytes>>>,
}

impl Link {
    pub(super) fn new(connector: Rc<Connector>) -> Self {
        Self { connector, sender: Mutex::new(None) }
    }

    /// What requests can be sent with: of the connection there is, or of a new one where that is over.
    pub(super) async fn sender(&self) -> Result<SendRequest<Bytes>, Failure> {
        let mut kept = self.sender.lock().await;
        if let Some(sender) = kept.take()
            && let Ok(sender) = sender.ready().await
        {
            return Ok(kept.insert(sender).clone());
        }
        let stream = self.connector.connect().await?;
        let refuse = |error: h2::Error| Failure::Connect { message: error.to_string() };
        let (sender, connection) = Builder::new()
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .enable_push(false)
            .handshake(stream)
            .await
            .map_err(refuse)?;
        // It ends with the last sender or the server; each request hears of that by itself.
        drop(tokio::task::spawn_local(async { drop(connection.await) }));
        Ok(kept.insert(sender).clone())
    }
}
