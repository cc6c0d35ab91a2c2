use cudarc::cublaslt::sys::cublasLtMatmulAlgo_t;
use phalanx_backend::BackendError;

use super::descriptors::Descriptors;
use super::key::Key;
use crate::driver::{Stream, time_us};
use crate::error;
use crate::kernels::ProductCall;

pub(crate) use super::descriptors::Addresses;

/// Proposals of the library's heuristics that are measured.
const CANDIDATES: usize = 8;

/// Submits a product by the algorithm that was fastest for its shape on this GPU; where none is known yet and the stream
/// may be waited for, they are measured first, on these operands.
///
/// # Errors
/// [`BackendError::Prepare`] where the library has no algorithm for it, and what the driver says.
pub(crate) fn tune(call: &ProductCall, addresses: &Addresses, stream: &Stream) -> Result<(), BackendError> {
    let gpu = stream.gpu();
    let key = Key::new(call, addresses.alignments());
    if gpu.choices.get(&key).is_some() {
        return Ok(());
    }
    let descriptors = Descriptors::new(call, addresses)?;
    let candidates = descriptors.algorithms(gpu, CANDIDATES)?;
    let mut best: Option<(f32, cublasLtMatmulAlgo_t)> = None;
    for algorithm in candidates {
        // A proposal may turn out not to run; the next may.
        let Ok(took_us) = time_us(stream, || descriptors.submit(&algorithm, stream)) else { continue };
        if best.is_none_or(|(fastest_us, _)| took_us < fastest_us) {
            best = Some((took_us, algorithm));
        }
    }
    let Some((_, algorithm)) = best else {
        let ProductCall { m, n, k, batch, .. } = call;
        return Err(error::prepare(format!(
            "cuBLASLt has no algorithm for {batch} products of {m}x{k} by {k}x{n} of {}",
            call.a.dtype
        )));
    };
    gpu.choices.insert(key, algorithm);
    Ok(())
}

/// Submits a product whose shape was tuned before.
///
/// # Errors
/// [`BackendError::Prepare`] where it was not, and what the driver says.
pub(crate) fn submit(call: &ProductCall, addresses: &Addresses, stream: &Stream) -> Result<(), BackendError> {
    let key = Key::new(call, addresses.alignments());
    let algorithm = stream.gpu().choices.get(&key).ok_or_else(|| {
        error::prepare(format!("no algorithm was chosen for a product of {} rows", call.m))
    })?;
    Descriptors::new(call, addresses)?.submit(&algorithm, stream)
}
