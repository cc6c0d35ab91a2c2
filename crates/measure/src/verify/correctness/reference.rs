use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, Device, Optimize, Precision, PrepareOptions};

use super::sets::Sets;
use crate::MeasureError;
use crate::verify::Setup;

/// Rows of the largest batch that the reference runs: only to see whether rows depend on each other.
const ROWS_MAX: NonZeroUsize = NonZeroUsize::new(4).expect("not zero");

/// Answers to judge by.
pub(super) struct Reference {
    /// Whose they are.
    pub(super) name: String,
    pub(super) sets: Sets,
}

/// Asks the backends that may serve as the reference, on the CPU and without optimisation; or why each cannot.
pub(super) fn find(setup: &Setup, budget: Duration) -> Result<Reference, String> {
    let mut reasons = Vec::new();
    for backend in &setup.references {
        match ask(backend, setup, budget) {
            Ok(sets) => return Ok(Reference { name: name(&**backend), sets }),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    Err(if reasons.is_empty() {
        "no backend can serve as the reference".to_owned()
    } else {
        reasons.join("; ")
    })
}

fn ask(backend: &Arc<dyn Backend>, setup: &Setup, budget: Duration) -> Result<Sets, MeasureError> {
    let options = PrepareOptions {
        threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        optimize: Optimize::None,
        precision: Precision::Fp32,
        rows_max: ROWS_MAX,
        ..PrepareOptions::default()
    };
    let program = backend.prepare(&setup.model, Device::Cpu, &options)?;
    Sets::of(program, setup, Precision::Fp32, budget)
}

/// The backend with its version; where its library is, it says itself behind that.
fn name(backend: &dyn Backend) -> String {
    let version = backend.version().unwrap_or_default();
    let version = version.split(" (").next().unwrap_or_default();
    format!("{} {version} on cpu, not optimised", backend.name())
}
