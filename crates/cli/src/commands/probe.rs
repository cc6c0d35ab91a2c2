//! The side of `phalanx doctor` that may crash.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use phalanx_backend::Backend;
use phalanx_measure::proof::prove;
use serde::Serialize;

use crate::args::{ProbeArgs, ProbeCommand};
use crate::failure::Failure;
use crate::listing::Listing;
use crate::terminal;

pub(super) fn execute(args: &ProbeArgs) -> Result<(), Failure> {
    let library = args.onnxruntime.as_deref();
    match &args.command {
        ProbeCommand::List { backend } => answer(&Listing::of(&*find(backend, library)?)),
        ProbeCommand::Prove { backend, device } => {
            let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
            answer(&prove(&*find(backend, library)?, *device, threads))
        }
    }
}

fn find(name: &str, library: Option<&Path>) -> Result<Arc<dyn Backend>, Failure> {
    let found = phalanx_engine::backends(library).into_iter().find(|backend| backend.name() == name);
    found.ok_or_else(|| Failure::new(format_args!("there is no backend {name:?}")))
}

/// One line, and the last: runtimes may have printed others.
fn answer(document: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(document).map_err(Failure::new)?;
    terminal::data(&format!("\n{line}\n"))
}
