use std::sync::Arc;

use phalanx_backend::{
    BackendError, Buckets, Completions, Lane, Layout, Limits, Placement, Program, ProgramMemory, Slot,
    WorkerProcess,
};
use phalanx_tensor::{Shape, Signature};

use crate::acts::act;
use crate::judge::Judge;
use crate::lane::ChaosLane;
use crate::lies::Lies;
use crate::plan::Stage;

pub(crate) struct ChaosProgram {
    inner: Arc<dyn Program>,
    judge: Arc<Judge>,
}

impl ChaosProgram {
    pub(crate) fn new(inner: Arc<dyn Program>, judge: Arc<Judge>) -> Self {
        Self { inner, judge }
    }
}

impl Program for ChaosProgram {
    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn buckets(&self) -> Buckets {
        self.inner.buckets()
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    fn layout(&self, input_tails: &[Shape]) -> Result<Layout, BackendError> {
        self.inner.layout(input_tails)
    }

    fn slot(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        self.inner.slot(layout, rows_max)
    }

    fn open_lane(&self, completions: Arc<dyn Completions>) -> Result<Box<dyn Lane>, BackendError> {
        act(Stage::Open, self.judge.rules(Stage::Open, &[]))?;
        let lies = Arc::new(Lies::new(completions));
        let inner = self.inner.open_lane(Arc::clone(&lies) as Arc<dyn Completions>)?;
        Ok(Box::new(ChaosLane::new(inner, Arc::clone(&self.judge), lies)))
    }

    fn placement(&self) -> Placement {
        self.inner.placement()
    }

    fn memory(&self) -> ProgramMemory {
        self.inner.memory()
    }

    fn workers(&self) -> Vec<WorkerProcess> {
        self.inner.workers()
    }

    fn retire(&self) {
        self.inner.retire();
    }
}
