use std::sync::Arc;

use super::error::count;
use super::source;
use super::{Argument, Launch, LowerError, Pointer};

const THREADS: usize = 256;
const VECTOR_BYTES: usize = 16;

/// Copies bytes. Both places are multiples of 16 bytes; so may be the one or the other of mapped memory of the host.
///
/// # Errors
/// [`LowerError::TooLarge`] past 32 GiB.
pub(crate) fn copy(from: Pointer, to: Pointer, bytes: usize) -> Result<Launch, LowerError> {
    let vectors = count("vectors of a copy", bytes / VECTOR_BYTES)?;
    let rest = count("bytes of a copy", bytes % VECTOR_BYTES)?;
    Ok(Launch {
        source: Arc::from(include_str!("cuda/copy.cu")),
        entry: "copy",
        grid: [source::blocks(vectors + rest, THREADS), 1, 1],
        block: [THREADS as u32, 1, 1],
        shared_bytes: 0,
        arguments: vec![
            Argument::Pointer(to),
            Argument::Pointer(from),
            Argument::U32(vectors),
            Argument::U32(rest),
        ],
    })
}
