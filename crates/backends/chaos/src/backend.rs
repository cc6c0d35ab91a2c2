use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Device, DeviceInfo, OperatorTime, PrepareOptions, Program};
use phalanx_model::Model;
use phalanx_tensor::Tensor;

use crate::acts::act;
use crate::judge::Judge;
use crate::plan::{Plan, Stage};
use crate::program::ChaosProgram;

pub(crate) const NAME: &str = "chaos";

/// Another backend, but for what a [`Plan`] makes it do.
pub struct Chaos {
    inner: Arc<dyn Backend>,
    judge: Arc<Judge>,
}

impl Chaos {
    /// `inner`, misbehaving as `plan` says.
    #[must_use]
    pub fn over(inner: Arc<dyn Backend>, plan: Plan) -> Self {
        Self { inner, judge: Arc::new(Judge::new(plan)) }
    }

    /// How it misbehaves.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        self.judge.plan()
    }
}

impl Backend for Chaos {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> Result<String, BackendError> {
        self.inner.version()
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, BackendError> {
        let mut devices = self.inner.devices()?;
        for device in &mut devices {
            device.description = format!("{}, through {} and chaos", device.description, self.inner.name());
        }
        Ok(devices)
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
        act(Stage::Prepare, self.judge.rules(Stage::Prepare, &[]))?;
        let inner = self.inner.prepare(model, device, options)?;
        Ok(Arc::new(ChaosProgram::new(inner, Arc::clone(&self.judge))))
    }

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
