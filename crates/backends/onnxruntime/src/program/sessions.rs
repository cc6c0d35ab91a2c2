use std::collections::BTreeSet;

use phalanx_backend::{BackendError, Buckets, Device, PrepareOptions};
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
    pub(super) fn create(
        library: &'static Library,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
        buckets: &Buckets,
    ) -> Result<Self, BackendError> {
        let any = create(library, model, device, configure(library, device, options)?)?;
        let fixed = match (device, buckets, batch_symbols(model.signature())) {
            (Device::CoreMl, Buckets::Fixed(sizes), Some(symbols)) => {
                let fixed = |&rows: &usize| {
                    let mut options = configure(library, device, options)?;
                    fix_rows(&mut options, &symbols, rows).map_err(|fault| errors::prepare(fault, model))?;
                    Ok((rows, create(library, model, device, options)?))
                };
                sizes.iter().map(fixed).collect::<Result<_, BackendError>>()?
            }
            _ => Vec::new(),
        };
        Ok(Self { any, fixed })
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

/// Whether sessions on `device` disturb each other.
pub(super) fn one_at_a_time(device: Device) -> bool {
    device == Device::WebGpu
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
    let created = Session::create(library, model, &options, one_at_a_time(device));
    drop(options);
    created.map_err(|fault| errors::prepare(fault, model))
}

/// The names of axis 0 of all inputs; `None` where one has no name to fix it by, or is fixed already.
fn batch_symbols(signature: &Signature) -> Option<BTreeSet<&str>> {
    let names = signature.inputs.iter().map(|input| match input.dims.as_deref() {
        Some([Dim::Symbol(name), ..]) => Some(&**name),
        _ => None,
    });
    names.collect()
}

fn fix_rows(options: &mut SessionOptions, symbols: &BTreeSet<&str>, rows: usize) -> Result<(), Fault> {
    symbols.iter().try_for_each(|symbol| options.fix_axis(symbol, rows))
}
