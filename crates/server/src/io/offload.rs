use crate::ServeError;

/// Text up to this long is parsed on the I/O thread itself, in well under a millisecond.
const INLINE_BYTES_MAX: usize = 256 << 10;

/// Does `work` on `bytes` of text: here, or on another thread where it would hold up all connections of this one.
pub(crate) async fn offload<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, ServeError> + Send + 'static,
) -> Result<T, ServeError> {
    if bytes <= INLINE_BYTES_MAX {
        return work();
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(ServeError::Failed { message: error.to_string() }))
}
