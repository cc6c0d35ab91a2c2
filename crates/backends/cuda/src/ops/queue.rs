use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::BackendError;

use crate::driver::{DeviceMemory, Event, Gpu, Stream};
use crate::products::workspace_bytes;

/// The longest that a queue is waited for awake: all that the benchmarks of single operations submit ends sooner.
const SPIN_MAX: Duration = Duration::from_secs(10);

/// Memory that the library works in, lent to whoever submits.
#[derive(Debug)]
pub(super) struct Workspaces {
    /// What all of it was taken from.
    stream: Arc<Stream>,
    free: RefCell<Vec<DeviceMemory>>,
}

/// Memory that goes back to those who lent it.
#[derive(Debug)]
pub(super) struct Workspace {
    memory: Option<DeviceMemory>,
    from: Rc<Workspaces>,
}

/// Queues that nothing runs in, lent to recordings.
#[derive(Debug)]
pub(super) struct Branches {
    workspaces: Rc<Workspaces>,
    free: RefCell<Vec<Queue>>,
}

/// A stream, with what is needed to submit to it and to wait for it.
#[derive(Debug)]
pub struct Queue {
    pub(super) stream: Arc<Stream>,
    pub(super) workspace: Workspace,
    ended: Event,
}

impl Workspaces {
    pub(super) fn new(gpu: &Arc<Gpu>) -> Result<Rc<Self>, BackendError> {
        Ok(Rc::new(Self { stream: Arc::new(Stream::new(gpu)?), free: RefCell::default() }))
    }

    fn lend(self: &Rc<Self>) -> Result<Workspace, BackendError> {
        let free = self.free.borrow_mut().pop();
        let memory = match free {
            Some(memory) => memory,
            None => {
                let memory = DeviceMemory::new(&self.stream, workspace_bytes(self.stream.gpu().chip()))?;
                // Other streams may use it only then.
                self.stream.finish()?;
                memory
            }
        };
        Ok(Workspace { memory: Some(memory), from: Rc::clone(self) })
    }
}

impl Workspace {
    /// Where it begins, and its bytes.
    pub(super) fn place(&self) -> (u64, usize) {
        self.memory.as_ref().map_or((0, 0), |memory| (memory.address(), memory.len_bytes()))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.from.free.borrow_mut().extend(self.memory.take());
    }
}

impl Branches {
    pub(super) fn new(workspaces: &Rc<Workspaces>) -> Rc<Self> {
        Rc::new(Self { workspaces: Rc::clone(workspaces), free: RefCell::default() })
    }

    pub(super) fn lend(&self, count: usize) -> Result<Vec<Queue>, BackendError> {
        let mut free = self.free.borrow_mut();
        while free.len() < count {
            free.push(Queue::new(self.workspaces.stream.gpu(), &self.workspaces)?);
        }
        let kept = free.len() - count;
        Ok(free.split_off(kept))
    }

    pub(super) fn take_back(&self, queues: Vec<Queue>) {
        self.free.borrow_mut().extend(queues);
    }
}

impl Queue {
    pub(super) fn new(gpu: &Arc<Gpu>, workspaces: &Rc<Workspaces>) -> Result<Self, BackendError> {
        Ok(Self {
            stream: Arc::new(Stream::new(gpu)?),
            workspace: workspaces.lend()?,
            ended: Event::new(gpu)?,
        })
    }

    /// Waits awake, by asking the stream itself: an event would have to be submitted first.
    pub(super) fn wait(&self) -> Result<(), BackendError> {
        let start = Instant::now();
        while !self.stream.is_through()? {
            if start.elapsed() > SPIN_MAX {
                return self.stream.finish();
            }
            std::hint::spin_loop();
        }
        Ok(())
    }

    /// Puts its event behind what was submitted so far.
    pub(super) fn mark(&self) -> Result<(), BackendError> {
        self.ended.record(&self.stream)
    }

    /// Holds back what is submitted to another queue until this one has come to its mark.
    pub(super) fn hold(&self, other: &Self) -> Result<(), BackendError> {
        self.ended.hold(&other.stream)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // What it works in is lent to others next. Where waiting fails, the device is lost.
        let _ = self.wait();
    }
}
