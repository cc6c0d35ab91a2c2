use cudarc::cublaslt::sys::cublasLtMatmulAlgo_t;
use phalanx_backend::BackendError;

use super::descriptors::{Addresses, Descriptors};
use crate::driver::{Stream, time_us};
use crate::kernels::ProductCall;

/// Proposals of the library's heuristics that are measured.
const CANDIDATES: usize = 8;

/// How the library computes a product.
#[derive(Clone, Copy)]
pub(crate) struct Algorithm(pub(super) cublasLtMatmulAlgo_t);

/// The algorithm of the library that is fastest for a product and what has to follow it, on these operands, and the
/// microseconds that it takes; `None` where the library has none.
///
/// # Errors
/// What the library and the driver say.
pub(crate) fn fastest(
    call: &ProductCall,
    addresses: &Addresses,
    stream: &Stream,
    follow: impl Fn() -> Result<(), BackendError>,
) -> Result<Option<(f32, Algorithm)>, BackendError> {
    let descriptors = Descriptors::new(call, addresses)?;
    let mut best: Option<(f32, Algorithm)> = None;
    for algorithm in descriptors.algorithms(stream.gpu(), addresses, CANDIDATES)? {
        let submit = || descriptors.submit(addresses, &algorithm, stream).and_then(|()| follow());
        // A proposal may turn out not to run; the next may.
        let Ok(took_us) = time_us(stream, submit) else { continue };
        if best.is_none_or(|(fastest_us, _)| took_us < fastest_us) {
            best = Some((took_us, Algorithm(algorithm)));
        }
    }
    Ok(best)
}

/// Submits a product.
///
/// # Errors
/// What the library says.
pub(crate) fn submit(
    call: &ProductCall,
    addresses: &Addresses,
    algorithm: &Algorithm,
    stream: &Stream,
) -> Result<(), BackendError> {
    Descriptors::new(call, addresses)?.submit(addresses, &algorithm.0, stream)
}
