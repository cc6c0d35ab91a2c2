use std::io::{Error, ErrorKind, Result};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use phalanx_backend::{Backend, BackendError, Device, PrepareOptions, Program};
use phalanx_model::Model;

use crate::memory::{Region, StatusPage};
use crate::wire::{Channel, Kind, MESSAGE_BYTES_MAX, Start, WireModel, decode};

/// What the parent sent to begin with.
pub(super) struct Work {
    pub(super) bell: Channel,
    pub(super) status: StatusPage,
    pub(super) order: Order,
    pub(super) parent_pid: i32,
}

/// What is to be prepared.
pub(super) struct Order {
    backend: String,
    library: Option<PathBuf>,
    device: Device,
    options: PrepareOptions,
    model: Source,
}

enum Source {
    Memory { region: Arc<Region>, bytes: usize, fingerprint: String },
    File { path: PathBuf, fingerprint: String },
}

/// Keeps shared memory for as long as the model's bytes are used.
struct ModelBytes(Arc<Region>);

impl AsRef<[u8]> for ModelBytes {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}

/// Waits for the parent's order; `None` where the parent left instead.
pub(super) fn receive(control: &Channel) -> Result<Option<Work>> {
    let Some(frame) = control.recv()? else { return Ok(None) };
    if frame.kind() != Some(Kind::Start) {
        return Err(invalid("expected to be told what to prepare"));
    }
    let (payload, descriptors) = control.recv_descriptors(&frame, MESSAGE_BYTES_MAX)?;
    let start: Start = decode(&payload)?;
    let mut descriptors = descriptors.into_iter();
    let mut next = || descriptors.next().ok_or_else(|| invalid("expected more descriptors"));
    let bell = Channel::new(next()?);
    let status = StatusPage::map(&next()?)?;
    let model = source(start.model, next)?;
    let device = start.device.parse().map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    let options = start.options.into_options().ok_or_else(|| invalid("expected options of this version"))?;
    let library = start.library.map(PathBuf::from);
    let order = Order { backend: start.backend, library, device, options, model };
    Ok(Some(Work { bell, status, order, parent_pid: start.parent_pid }))
}

fn source(model: WireModel, mut descriptor: impl FnMut() -> Result<OwnedFd>) -> Result<Source> {
    Ok(match model {
        WireModel::Memory { bytes, fingerprint } => {
            let region = Arc::new(Region::map(&descriptor()?, bytes, false)?);
            Source::Memory { region, bytes, fingerprint }
        }
        WireModel::File { path, fingerprint } => Source::File { path: path.into(), fingerprint },
    })
}

/// Prepares the program.
///
/// # Errors
/// What `backend` and its backend say; [`BackendError::Prepare`] where the model is not the parent's.
pub(super) fn program<F>(order: &Order, backend: F) -> std::result::Result<Arc<dyn Program>, BackendError>
where
    F: Fn(&str, Option<&Path>) -> std::result::Result<Arc<dyn Backend>, BackendError>,
{
    let backend = backend(&order.backend, order.library.as_deref())?;
    let failed = |message: String| BackendError::Prepare { backend: backend.name(), message };
    let model = order.model.load().map_err(|error| failed(error.to_string()))?;
    let fingerprint = match &order.model {
        Source::Memory { fingerprint, .. } | Source::File { fingerprint, .. } => fingerprint,
    };
    if format!("{:032x}", model.fingerprint()) != *fingerprint {
        return Err(failed("the model's files are not those that were loaded first".to_owned()));
    }
    let program = backend.prepare(&model, order.device, &order.options)?;
    if program.signature() != model.signature() {
        return Err(failed("the program has another signature than its model".to_owned()));
    }
    Ok(program)
}

impl Source {
    fn load(&self) -> std::result::Result<Model, phalanx_model::ModelError> {
        match self {
            Self::Memory { region, bytes, .. } => {
                Model::from_bytes(Bytes::from_owner(ModelBytes(Arc::clone(region))).slice(..*bytes))
            }
            Self::File { path, .. } => Model::load(path),
        }
    }
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, message)
}
