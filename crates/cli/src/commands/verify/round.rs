use phalanx_measure::verify::{self, Subject};

use super::plan;
use crate::args::{Round, VerifyArgs};
use crate::failure::Failure;

/// Carries out a round of the second level. Whoever started this process sees how it ends.
pub(super) fn execute(args: &VerifyArgs, round: &Round) -> Result<(), Failure> {
    let setup = plan::setup(args)?;
    let backend = plan::backends(&args.engine).into_iter().find(|backend| backend.name() == round.backend);
    let backend = backend.ok_or_else(|| {
        Failure::new(format_args!("there is no backend {:?} for this round", round.backend))
    })?;
    let subject = Subject::new(backend, round.device);
    Ok(verify::round(&setup, &subject, round.config.as_ref(), round.number)?)
}
