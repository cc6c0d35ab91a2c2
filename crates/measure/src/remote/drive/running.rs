use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use crate::remote::RemoteError;
use crate::remote::tally::Counts;

/// How often whoever watches is told.
const TICK: Duration = Duration::from_millis(250);

/// Is told, a few times a second, how far a load has come: the time since it began, and what was counted. After a
/// break it ends.
pub type Watch<'a> = &'a mut dyn FnMut(Duration, Counts) -> ControlFlow<()>;

/// Waits for `work`, and tells `watch` how far it has come.
pub(super) async fn watched<R>(
    work: impl Future<Output = R>,
    progress: impl Fn() -> (Duration, Counts),
    watch: Watch<'_>,
) -> Result<R, RemoteError> {
    let mut work = pin!(work);
    loop {
        if let Ok(result) = tokio::time::timeout(TICK, &mut work).await {
            return Ok(result);
        }
        let (elapsed, counts) = progress();
        if watch(elapsed, counts).is_break() {
            return Err(RemoteError::Interrupted);
        }
    }
}
