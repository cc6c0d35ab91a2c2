//! A program of the misbehaving backend, and one lane of it driven from this thread.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use phalanx_backend::{
    BackendError, BatchId, Completion, Completions, Device, Interrupt, Lane, Layout, PrepareOptions, Program,
    Slot, SlotOutput,
};
use phalanx_tensor::{Shape, Tensor};
use phalanx_worker::{Recipe, WorkerOptions, WorkerProgram};
use rustix::process::{Pid, Signal, kill_process};

use crate::backend::{NAME, WIDTH, hang_sign, model};

/// What takes longer never ends.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn recipe() -> Recipe {
    Recipe {
        model: model(),
        backend: NAME.to_owned(),
        library: None,
        device: Device::Cpu,
        options: PrepareOptions::default(),
    }
}

/// Workers of this executable, with waits for tests.
pub(crate) fn options(arguments: &[&str]) -> WorkerOptions {
    let mut options = WorkerOptions::new(std::env::current_exe().expect("it runs"));
    options.args = arguments.iter().map(Into::into).collect();
    options.back_off_unit = Duration::from_millis(1);
    options.tick = Duration::from_millis(50);
    // A machine that is busy with other tests must not make anybody look dead.
    options.stale_ticks_max = 1000;
    options
}

pub(crate) fn start(options: WorkerOptions) -> Arc<WorkerProgram> {
    WorkerProgram::start(recipe(), options).expect("starts")
}

/// The program with default options, and a lane of it that has run a batch, so that there is going to be a spare.
pub(crate) fn rig() -> Rig {
    rig_with(options(&[]))
}

pub(crate) fn rig_with(options: WorkerOptions) -> Rig {
    let mut rig = Rig::open(&start(options)).expect("opens a lane");
    rig.run(0, &[1.0]);
    rig
}

pub(crate) struct Rig {
    pub(crate) program: Arc<WorkerProgram>,
    pub(crate) lane: Option<Box<dyn Lane>>,
    pub(crate) layout: Arc<Layout>,
    pub(crate) completions: Receiver<(u64, Completion)>,
    inbox: Arc<Inbox>,
}

struct Inbox {
    sender: Mutex<Sender<(u64, Completion)>>,
    /// How long the worker was busy with what it answered.
    busy: Mutex<Vec<Duration>>,
}

impl Completions for Inbox {
    fn complete(&self, batch: BatchId, completion: Completion) {
        // A rig that is gone waits for nothing.
        let _ = self.sender.lock().expect("nobody panics with it").send((batch.0, completion));
    }

    fn complete_after(&self, batch: BatchId, completion: Completion, busy: Duration) {
        self.busy.lock().expect("nobody panics with it").push(busy);
        self.complete(batch, completion);
    }
}

impl Rig {
    pub(crate) fn open(program: &Arc<WorkerProgram>) -> Result<Self, BackendError> {
        let layout = Arc::new(program.layout(&[Shape::from([WIDTH])])?);
        let (sender, completions) = channel();
        let inbox = Arc::new(Inbox { sender: Mutex::new(sender), busy: Mutex::default() });
        let lane = program.open_lane(Arc::clone(&inbox) as _)?;
        Ok(Self { program: Arc::clone(program), lane: Some(lane), layout, completions, inbox })
    }

    /// Opens the lane again, as the engine does with one that was lost.
    pub(crate) fn reopen(&mut self) -> Result<(), BackendError> {
        self.lane = None;
        self.lane = Some(self.program.open_lane(Arc::clone(&self.inbox) as _)?);
        Ok(())
    }

    pub(crate) fn lane(&mut self) -> &mut dyn Lane {
        self.lane.as_deref_mut().expect("the lane is open")
    }

    /// A slot of the program's whose rows begin with these values.
    pub(crate) fn slot(&self, firsts: &[f32]) -> Slot {
        fill(self.program.slot(&self.layout, firsts.len()).expect("has room"), firsts)
    }

    /// Submits rows that begin with these values.
    pub(crate) fn submit(&mut self, batch: u64, firsts: &[f32]) {
        let slot = self.slot(firsts);
        self.lane().submit(BatchId(batch), slot, firsts.len());
    }

    pub(crate) fn single(&mut self, batch: u64, values: Vec<f32>) {
        let input = Tensor::from_vec([values.len()], values).expect("as many");
        self.lane().submit_single(BatchId(batch), &[input]);
    }

    /// The next completion, which is that of this batch.
    pub(crate) fn wait(&self, batch: u64) -> Completion {
        let (got, completion) = self.completions.recv_timeout(PATIENCE).expect("every batch ends");
        assert_eq!(got, batch, "{completion:?}");
        completion
    }

    /// The next completion is the answer to these rows.
    pub(crate) fn expect_done(&self, batch: u64, firsts: &[f32]) -> Slot {
        match self.wait(batch) {
            Completion::Done(slot) => {
                check(&slot, firsts);
                slot
            }
            other => panic!("expected an answer to batch {batch}, got {other:?}"),
        }
    }

    /// The next completion is a loss; its error and whether the batch is suspect.
    pub(crate) fn expect_lost(&self, batch: u64) -> (BackendError, bool) {
        match self.wait(batch) {
            Completion::Lost(loss) => {
                assert!(loss.slot.is_some(), "the slot comes back");
                (loss.error, loss.suspect)
            }
            other => panic!("expected the loss of batch {batch}, got {other:?}"),
        }
    }

    /// Runs a batch that is answered.
    pub(crate) fn run(&mut self, batch: u64, firsts: &[f32]) {
        self.submit(batch, firsts);
        self.expect_done(batch, firsts);
    }

    /// How long the worker said that it was busy with each answered batch.
    pub(crate) fn busy(&self) -> Vec<Duration> {
        self.inbox.busy.lock().expect("nobody panics with it").clone()
    }

    /// The worker that the lane uses.
    pub(crate) fn pid(&self) -> u32 {
        let workers = self.program.workers();
        let leased = workers.iter().find(|worker| !worker.is_spare);
        leased.expect("the lane has a worker").pid
    }

    /// Waits until there is a spare.
    pub(crate) fn spare(&self) -> u32 {
        poll("a spare", || {
            self.program.workers().iter().find(|worker| worker.is_spare).map(|worker| worker.pid)
        })
    }

    pub(crate) fn interrupt(&self) -> Arc<dyn Interrupt> {
        self.lane.as_ref().and_then(|lane| lane.interrupt()).expect("a worker can be stopped")
    }

    /// Waits until the worker is inside a batch that does not end.
    pub(crate) fn wait_until_executing(&self, pid: u32) {
        let sign = hang_sign(pid);
        poll("execution", || sign.exists().then_some(()));
        std::fs::remove_file(sign).expect("is there");
    }
}

/// Writes rows that begin with these values.
pub(crate) fn fill(mut slot: Slot, firsts: &[f32]) -> Slot {
    let values: Vec<f32> = firsts.iter().flat_map(|first| row(*first)).collect();
    let bytes: &[u8] = bytemuck::cast_slice(&values);
    slot.inputs[0].as_mut_slice()[..bytes.len()].copy_from_slice(bytes);
    slot
}

fn row(first: f32) -> [f32; WIDTH] {
    [first, 1.0, -2.0, first * 0.5]
}

pub(crate) fn check(slot: &Slot, firsts: &[f32]) {
    let SlotOutput::Buffer(output) = &slot.outputs[0] else { panic!("is a buffer") };
    let got: Vec<f32> = bytemuck::pod_collect_to_vec(&output.as_slice()[..firsts.len() * WIDTH * 4]);
    let expected: Vec<f32> =
        firsts.iter().flat_map(|first| row(*first)).map(|value| 2.0 * value + 1.0).collect();
    assert_eq!(got, expected);
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("is a process id")).expect("is not zero");
    kill_process(pid, signal).expect("it is there");
}

/// Waits until `condition` gives something.
pub(crate) fn poll<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    poll_for(what, PATIENCE, &mut condition)
}

pub(crate) fn poll_for<T>(what: &str, patience: Duration, condition: &mut dyn FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < patience, "waited {patience:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether there is no process of this id, not even one that nobody has waited for.
pub(crate) fn is_gone(pid: u32) -> bool {
    let pid = Pid::from_raw(i32::try_from(pid).expect("is a process id")).expect("is not zero");
    rustix::process::test_kill_process(pid).is_err()
}
