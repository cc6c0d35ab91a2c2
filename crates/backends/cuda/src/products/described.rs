use phalanx_backend::BackendError;

use super::descriptors::{Addresses, Descriptors};
use super::tune::{Algorithm, fastest};
use crate::driver::{Gpu, Stream};
use crate::kernels::ProductCall;

/// A product without a bias, described once and submitted many times, wherever its operands lie.
pub(crate) struct Described {
    descriptors: Descriptors,
    algorithm: Algorithm,
}

impl Described {
    /// By the algorithm that the library proposes first for operands that are aligned as these; `None` where it has none.
    ///
    /// # Errors
    /// What the library says.
    pub(crate) fn proposed(
        call: &ProductCall,
        addresses: &Addresses,
        gpu: &Gpu,
    ) -> Result<Option<Self>, BackendError> {
        let descriptors = Descriptors::new(call, addresses)?;
        let first = descriptors.algorithms(gpu, addresses, 1)?.into_iter().next();
        Ok(first.map(|algorithm| Self { descriptors, algorithm: Algorithm(algorithm) }))
    }

    /// By the fastest algorithm on these operands.
    ///
    /// # Errors
    /// What the library and the driver say.
    pub(crate) fn measured(
        call: &ProductCall,
        addresses: &Addresses,
        stream: &Stream,
    ) -> Result<Option<Self>, BackendError> {
        let Some((_, algorithm)) = fastest(call, addresses, stream, || Ok(()))? else { return Ok(None) };
        Ok(Some(Self { descriptors: Descriptors::new(call, addresses)?, algorithm }))
    }

    /// Submits it, on operands that lie there.
    ///
    /// # Errors
    /// What the library says.
    pub(crate) fn submit(&self, addresses: &Addresses, stream: &Stream) -> Result<(), BackendError> {
        self.descriptors.submit(addresses, &self.algorithm.0, stream)
    }
}
