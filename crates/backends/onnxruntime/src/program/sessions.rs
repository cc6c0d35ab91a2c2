use std::collections::BTreeSet;

use phalanx_backend::{BackendError, Device, PrepareOptions};
use phalanx_model::Model;
use phalanx_tensor::{Dim, Signature};

use crate::sys::{Fault, Session, SessionOptions};
use crate::{Library, device, errors};

/// The sessions of a program.
pub(crate) struct Sessions {
    any: Session,
    /// By row count, where the device wants every shape to be fixed.
    fixed: Vec<(usize, Session)>,
}

impl Sessions {
    /// Sessions on `device`: one that takes any shape, and one for each row count in `fixed`.
    pub(super) fn create(
        library: &'static Library,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
        fixed: &[usize],
    ) -> Result<Self, BackendError> {
        let any = create(library, model, device, configure(library, device, options)?)?;
        let symbols = batch_symbols(model.signature());
        let fix = |&rows: &usize| {
            let mut options = configure(library, device, options)?;
            let fixed = symbols.iter().try_for_each(|symbol| options.fix_axis(symbol, rows));
            fixed.map_err(|fault| errors::prepare(fault, model))?;
            Ok((rows, create(library, model, device, options)?))
        };
        // Without a name to fix them by, all would be the same.
        let fixed = if symbols.is_empty() { &[] } else { fixed };
        Ok(Self { any, fixed: fixed.iter().map(fix).collect::<Result<_, BackendError>>()? })
    }

    /// The session that runs batches of `rows` rows.
    pub(crate) fn for_rows(&self, rows: usize) -> &Session {
        self.fixed.iter().find(|(fixed, _)| *fixed == rows).map_or(&self.any, |(_, session)| session)
    }

    /// The session that runs any shape.
    pub(crate) fn any(&self) -> &Session {
        &self.any
    }
}

/// Options for `device`, with its provider.
pub(super) fn configure(
    library: &'static Library,
    device: Device,
    options: &PrepareOptions,
) -> Result<SessionOptions, BackendError> {
    let threads = options.threads.get();
    let refuse = |fault: Fault| errors::unavailable(fault.message, None);
    let mut session = SessionOptions::new(library, threads, options.optimize).map_err(refuse)?;
    if !may_spin(threads) {
        session.set(c"session.intra_op.allow_spinning", c"0").map_err(refuse)?;
    }
    device::append(library, &mut session, device, options.precision)?;
    Ok(session)
}

/// Whether a pool's threads may wait for their next share of a run in a loop: it is up to a third faster on cores of
/// their own, and takes half the throughput where somebody else needs one of them.
fn may_spin(threads: usize) -> bool {
    std::thread::available_parallelism().is_ok_and(|cores| threads < cores.get())
}

fn create(
    library: &'static Library,
    model: &Model,
    device: Device,
    options: SessionOptions,
) -> Result<Session, BackendError> {
    let created = Session::create(library, model, &options, device::alone(device));
    drop(options);
    created.map_err(|fault| errors::prepare(fault, model))
}

/// The names of axis 0 of all inputs; none where one has no name to fix it by, or is fixed already.
fn batch_symbols(signature: &Signature) -> BTreeSet<&str> {
    let names = signature.inputs.iter().map(|input| match input.dims.as_deref() {
        Some([Dim::Symbol(name), ..]) => Some(&**name),
        _ => None,
    });
    names.collect::<Option<_>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use phalanx_model::samples;
    use phalanx_tensor::{DType, Tensor};

    use super::*;
    use crate::lane::run_single;

    #[test]
    fn the_rows_of_every_input_are_fixed_by_name() {
        assert_eq!(batch_symbols(samples::sequence(1).signature()), BTreeSet::from(["batch"]));
        assert!(batch_symbols(samples::fixed_batch(8).signature()).is_empty());
    }

    #[test]
    fn a_session_with_fixed_rows_takes_no_others() {
        let library = match Library::get(None) {
            Ok(library) => library,
            Err(error) => return eprintln!("skipped: {error}"),
        };
        let (model, options) = (samples::tiny(), PrepareOptions::default());
        let sessions = Sessions::create(library, &model, Device::Cpu, &options, &[2, 4]).unwrap();
        let run = |session, rows: usize| {
            let inputs = [Tensor::zeros(DType::F32, [rows, 4]).unwrap()];
            run_single(library, session, model.signature(), &inputs).map(|outputs| outputs[0].rows())
        };
        assert_eq!(run(sessions.for_rows(4), 4), Ok(4));
        assert!(run(sessions.for_rows(4), 2).is_err());
        assert_eq!(run(sessions.for_rows(3), 3), Ok(3));
        assert_eq!(run(sessions.any(), 5), Ok(5));
    }
}
