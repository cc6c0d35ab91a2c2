use super::outcome::{Failure, Reply};

/// Speaks one protocol with one server, and has the requests ready that it sends.
pub(crate) trait Transport: Clone + 'static {
    /// What carries one request at a time.
    type Connection: Connection;

    /// The connection of worker number `worker`. Nothing is sent yet.
    fn connection(&self, worker: usize) -> Self::Connection;

    /// How many distinct requests there are; at least one.
    fn requests(&self) -> usize;

    /// From now on every answer must have this many bytes of tensors, where they come as bytes.
    fn expect(&self, tensor_bytes: Option<usize>);
}

/// Carries one request at a time.
///
/// A future of it that is dropped before its end leaves it as [`Connection::close`] does.
#[allow(async_fn_in_trait, reason = "all that use it run on one thread")]
pub(crate) trait Connection {
    /// Makes sure that a request can be sent now.
    async fn open(&mut self) -> Result<(), Failure>;

    /// Sends request number `request` and waits for the whole answer, which is made out where it is to be `kept`.
    async fn ask(&mut self, request: usize, kept: bool) -> Result<Reply, Failure>;

    /// Forgets what is under way: whatever still comes is no answer to the next request.
    fn close(&mut self);
}
