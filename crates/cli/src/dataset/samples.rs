use std::path::Path;

use phalanx_measure::Samples;
use phalanx_tensor::Signature;

use super::Inputs;
use crate::failure::Failure;

/// The samples in an array file: its rows, or all of it for a model without a batch axis.
pub(crate) fn samples(path: &Path, signature: &Signature) -> Result<Samples, Failure> {
    let inputs = Inputs::open(path, signature)?;
    let batched = inputs.rows().is_some();
    let tensors = inputs.whole()?;
    Ok(if batched { Samples::from_rows(&tensors)? } else { Samples::whole(tensors) })
}
