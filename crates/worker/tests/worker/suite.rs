//! The suite of all backends, on tract behind worker processes.

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use phalanx_backend::{Backend, BackendError, Device, DeviceInfo, PrepareOptions, Program};
use phalanx_backend_suite::{CASES, Subject, check};
use phalanx_model::Model;
use phalanx_tract::Tract;
use phalanx_worker::{Recipe, WorkerError, WorkerProgram};

use crate::rig::options;

pub(crate) fn trials() -> Vec<Trial> {
    let case = |name: &'static str| {
        Trial::test(format!("suite::{name}"), move || {
            check(subject(), name);
            Ok(())
        })
    };
    CASES.iter().map(|suite_case| case(suite_case.name)).collect()
}

fn subject() -> Subject {
    Subject::new(Arc::new(Behind), Device::Cpu).with_gaps(&[("identity_bf16", "tract has no bfloat16")])
}

/// tract, each program of which is prepared in processes.
struct Behind;

impl Backend for Behind {
    fn name(&self) -> &'static str {
        Tract.name()
    }

    fn version(&self) -> Result<String, BackendError> {
        Tract.version()
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        Tract.devices()
    }

    fn prepare(
        &self,
        model: &Model,
        device: Device,
        prepare: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        let (backend, library) = (self.name().to_owned(), None::<PathBuf>);
        let recipe = Recipe { model: model.clone(), backend, library, device, options: prepare.clone() };
        let mut options = options(&[]);
        // Each case opens the lanes it needs, and nothing dies.
        options.spare = false;
        WorkerProgram::start(recipe, options).map(|program| program as _).map_err(WorkerError::into)
    }
}
