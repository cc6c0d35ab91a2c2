use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{
    Backend, BackendError, Device, DeviceInfo, OperatorTime, ParseOptionError, PrepareOptions, Program,
};
use phalanx_model::Model;
use phalanx_tensor::Tensor;
use phalanx_worker::{Recipe, WorkerOptions, WorkerProgram};

/// Workers in a row that may die before they answer a batch. One request that takes workers down takes as many as it
/// takes to find it: one for each halving of its batch, and two more.
const RESTARTS_MAX: u32 = 24;

/// The waits between those restarts are multiples of this.
const BACK_OFF_UNIT: Duration = Duration::from_millis(100);

/// Whether a lane runs in a thread of this process or in a worker process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Isolation {
    /// In a thread.
    #[default]
    Thread,
    /// In a process: one that crashes or hangs costs a batch some time, and not the service.
    Process,
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Thread => "thread",
            Self::Process => "process",
        })
    }
}

impl FromStr for Isolation {
    type Err = ParseOptionError;

    fn from_str(text: &str) -> Result<Self, ParseOptionError> {
        match text {
            "thread" => Ok(Self::Thread),
            "process" => Ok(Self::Process),
            _ => Err(ParseOptionError { expected: "thread or process", got: text.to_owned() }),
        }
    }
}

/// A backend whose programs run in worker processes. Workers find it by its name among the built-in ones, or those that
/// the worker's executable brings.
pub struct Isolated {
    inner: Arc<dyn Backend>,
    library: Option<PathBuf>,
    worker_exe: Option<PathBuf>,
}

impl Isolated {
    /// `library` is onnxruntime's, where it is not to be searched for; `worker_exe` the executable of the workers, where
    /// it is not this program or the `phalanx` beside it.
    #[must_use]
    pub fn new(inner: Arc<dyn Backend>, library: Option<&Path>, worker_exe: Option<&Path>) -> Self {
        Self { inner, library: library.map(Path::to_owned), worker_exe: worker_exe.map(Path::to_owned) }
    }
}

impl Backend for Isolated {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn version(&self) -> Result<String, BackendError> {
        self.inner.version()
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        self.inner.devices()
    }

    fn default_device(&self) -> Device {
        self.inner.default_device()
    }

    fn prepare(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        let recipe = Recipe {
            model: model.clone(),
            backend: self.inner.name().to_owned(),
            library: self.library.clone(),
            device,
            options: options.clone(),
        };
        let mut workers = WorkerOptions::find(self.worker_exe.as_deref())?;
        workers.restarts_max = RESTARTS_MAX;
        workers.back_off_unit = BACK_OFF_UNIT;
        Ok(WorkerProgram::start(recipe, workers)? as Arc<dyn Program>)
    }

    /// In this process: a worker answers batches and nothing else.
    fn operator_times(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
        inputs: &[Tensor],
        runs: usize,
    ) -> Result<Option<Vec<OperatorTime>>, BackendError> {
        self.inner.operator_times(model, device, options, inputs, runs)
    }
}

/// Whether this process was started as a worker: then `main` calls [`worker_main`] and nothing else.
#[must_use]
pub fn is_worker() -> bool {
    phalanx_worker::is_worker()
}

/// Runs this process as a worker. `more` are backends beside the built-in ones, found by their names.
///
/// Call it first thing in `main` where [`is_worker`] says so, before anything reads standard input or starts threads.
#[must_use]
pub fn worker_main(more: &[Arc<dyn Backend>]) -> ExitCode {
    phalanx_worker::worker_main(|name, library| {
        let mut all = more.iter().cloned().chain(crate::backends(library));
        all.find(|backend| backend.name() == name).ok_or_else(|| BackendError::NoWorker {
            message: format!("the worker's executable has no backend {name:?}"),
            hint: Some("worker_exe has to be a program that brings it".to_owned()),
        })
    })
}
