//! A server with a model whose batches wait at a gate.

use std::net::SocketAddr;
use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Device, DeviceInfo, PrepareOptions, Program};
use phalanx_engine::BackendChoice;
use phalanx_measure::null::{self, NullBackend};
use phalanx_model::Model;
use phalanx_server::{ModelOptions, Server, ServerOptions};

use crate::gate::Gate;
use crate::hooked::hooked;

/// Options that listen wherever there is room.
pub(crate) fn options() -> ServerOptions {
    let anywhere = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    ServerOptions { http: anywhere, grpc: None, ..ServerOptions::default() }
}

/// A server of the model `null`, which copies its input once the gate lets its batch through.
pub(crate) fn serve(options: ServerOptions, model: ModelOptions) -> (Server, SocketAddr, Arc<Gate>) {
    let server = Server::start(options).unwrap();
    let gate = Arc::new(Gate::default());
    let backend = BackendChoice::Custom(Arc::new(Gated { gate: Arc::clone(&gate) }));
    let model = ModelOptions { backend: Some(backend), lanes: Some(1), threads: Some(1), ..model };
    server.serve("null", 1, null::model().unwrap(), model).unwrap();
    let address = server.addresses()[0];
    (server, address, gate)
}

/// The null backend behind a gate.
struct Gated {
    gate: Arc<Gate>,
}

impl Backend for Gated {
    fn name(&self) -> &'static str {
        "gated"
    }

    fn version(&self) -> Result<String, BackendError> {
        NullBackend.version()
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        NullBackend.devices()
    }

    fn prepare(
        &self,
        model: &Model,
        device: Device,
        options: &PrepareOptions,
    ) -> Result<Arc<dyn Program>, BackendError> {
        let program = NullBackend.prepare(model, device, options)?;
        let gate = Arc::clone(&self.gate);
        Ok(hooked(program, Arc::new(move |_| gate.pass())))
    }
}
