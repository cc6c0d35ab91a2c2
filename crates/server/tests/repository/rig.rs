use std::cell::Cell;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use phalanx_engine::BackendChoice;
use phalanx_model::{Model, samples};
use phalanx_server::{
    ModelControlMode, ModelOptions, RepositoryError, RepositoryOptions, Server, ServerOptions,
};
use phalanx_tensor::DType;
use tempfile::TempDir;

use crate::backend::{Gated, Shared};
use crate::client::Client;

/// A server, a folder, and a backend that does what it is told.
pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) backend: Arc<Gated>,
    pub(crate) options: RepositoryOptions,
    root: TempDir,
    /// Every file is written at a time of its own, however coarse the system's clock is.
    now: Cell<SystemTime>,
}

/// Copies rows of three numbers.
pub(crate) fn model() -> Model {
    samples::identity(DType::F32)
}

impl Rig {
    pub(crate) fn new(mode: ModelControlMode) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listening =
            ServerOptions { http: Some(address), grpc: None, io_threads: 1, ..ServerOptions::default() };
        let backend = Arc::new(Gated::default());
        let choice = BackendChoice::Custom(Arc::new(Shared(Arc::clone(&backend))));
        let root = tempfile::tempdir().unwrap();
        let mut options = RepositoryOptions::new([root.path()]);
        options.mode = mode;
        options.defaults = ModelOptions { threads: Some(1), max_batch: Some(8), ..ModelOptions::default() };
        options.overrides =
            Arc::new(move |_| ModelOptions { backend: Some(choice.clone()), ..ModelOptions::default() });
        Self {
            server: Server::start(listening).unwrap(),
            backend,
            options,
            root,
            now: Cell::new(SystemTime::UNIX_EPOCH),
        }
    }

    /// One that is looked at when it is told to.
    pub(crate) fn polled() -> Self {
        Self::new(ModelControlMode::Poll { interval: Duration::from_secs(86_400) })
    }

    pub(crate) fn explicit(startup: &[&str]) -> Self {
        Self::new(ModelControlMode::Explicit { startup: startup.iter().map(ToString::to_string).collect() })
    }

    pub(crate) fn open(&self) -> Result<(), RepositoryError> {
        self.server.open_repository(self.options.clone())
    }

    /// Looks twice, so that whatever has changed before is acted on.
    pub(crate) fn poll_twice(&self) {
        self.server.poll_repository().unwrap();
        self.server.poll_repository().unwrap();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address())
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// The model file of a version.
    pub(crate) fn model_path(&self, name: &str, version: u64) -> PathBuf {
        self.path(&format!("{name}/{version}/model.onnx"))
    }

    pub(crate) fn put_model(&self, name: &str, version: u64) {
        self.put(&self.model_path(name, version), model().bytes());
    }

    pub(crate) fn put_config(&self, name: &str, text: &str) {
        self.put(&self.path(&format!("{name}/config.pbtxt")), text.as_bytes());
    }

    pub(crate) fn put(&self, path: &Path, content: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self.now.set(self.now.get() + Duration::from_secs(1));
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(self.now.get()).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_dir_all(self.path(path)).unwrap();
    }
}
