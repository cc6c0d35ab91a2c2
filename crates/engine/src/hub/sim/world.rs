use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use phalanx_backend::{BackendError, Buckets, Completion, Loss, Slot};
use phalanx_batch::{BatchRef, HoldId, LaneId, Nanos, Options, PolicyKind, Taken};
use phalanx_tensor::Tensor;

use super::hub::hub;
use super::program::{numbers, run};
use crate::call::Part;
use crate::hub::{Finished, Hub, Next, Scratch, Submission, Work};
use crate::metrics::Recorder;
use crate::{EngineError, Infer};

/// How requests ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) requests: usize,
    pub(super) answered: usize,
    pub(super) failed: usize,
    /// Refused because it takes lanes down.
    pub(super) poisonous: usize,
    pub(super) late: usize,
    pub(super) refused: usize,
    pub(super) cancelled: usize,
    pub(super) left: usize,
    pub(super) shut_down: usize,
    /// Times that another candidate took over.
    pub(super) moves: usize,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.answered += other.answered;
        self.failed += other.failed;
        self.poisonous += other.poisonous;
        self.late += other.late;
        self.refused += other.refused;
        self.cancelled += other.cancelled;
        self.left += other.left;
        self.shut_down += other.shut_down;
        self.moves += other.moves;
    }
}

pub(super) struct World {
    hub: Arc<Hub>,
    random: Random,
    now_ns: Nanos,
    callers: Vec<Caller>,
    lanes: Vec<SimLane>,
    taken: Taken<Part>,
    pub(super) admitted: usize,
    pub(super) tally: Tally,
    /// First numbers of requests that left before any lane had taken a row of theirs.
    left_in_queue: HashSet<u32>,
    /// The burst that is under way.
    burst: Option<HoldId>,
    /// Batches fail and lanes are lost for no reason of the requests'.
    is_rough: bool,
    recovers: bool,
    levels: usize,
    /// First numbers of rows that no backend runs, and of those that take the lane down.
    bad_rows: HashSet<u32>,
    poison_rows: HashSet<u32>,
    /// A batch was overdue: its requests have failed for nobody's fault.
    gave_up: bool,
}

/// What is wrong with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Its batch fails.
    Bad,
    /// Its batch takes the lane down.
    Poison,
}

struct Caller {
    fault: Fault,
    infer: Infer,
    first: f32,
    rows: usize,
    width: usize,
    wants_cancel: bool,
}

#[derive(Default)]
struct SimLane {
    running: Option<Flight>,
}

struct Flight {
    batch: BatchRef,
    level: usize,
    slot: Slot,
    rows: usize,
    started_ns: Nanos,
}

/// xorshift64*, Vigna 2016.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

pub(super) fn random_world(seed: u64) -> World {
    let mut random = Random((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let policies = [
        PolicyKind::Immediate,
        PolicyKind::Delay { timeout_ns: 300 },
        PolicyKind::Adaptive { target_ns: 500 },
        PolicyKind::SloWindow,
    ];
    let rows_max = [1, 4, 8, 16][random.below(4)];
    let buckets = match random.below(2) {
        0 => Buckets::Any(rows_max),
        _ => Buckets::Fixed([1, 2, 4, 8, 16].into_iter().filter(|&size| size <= rows_max).collect()),
    };
    let options = Options {
        lanes: 1 + random.below(3),
        depth: 1 + random.below(4),
        rows_max,
        queue_rows_max: 40 + random.below(60),
        slo_ns: random.one_in(2).then(|| 400 + random.below(2000) as u64),
        lead_ns: 0,
        policy: policies[random.below(4)],
    };
    let (recovers, levels) = (!random.one_in(4), 1 + random.below(2));
    let is_rough = random.one_in(2);
    let lanes = options.lanes;
    World {
        hub: hub(options, buckets, recovers, levels),
        random,
        now_ns: 0,
        callers: Vec::new(),
        lanes: (0..lanes).map(|_| SimLane::default()).collect(),
        taken: Taken::default(),
        admitted: 0,
        tally: Tally::default(),
        left_in_queue: HashSet::new(),
        burst: None,
        is_rough,
        recovers,
        levels,
        bad_rows: HashSet::new(),
        poison_rows: HashSet::new(),
        gave_up: false,
    }
}

impl World {
    /// Lets one thing happen, chosen at random.
    pub(super) fn step(&mut self) {
        self.now_ns += self.random.below(40) as u64;
        match self.random.below(10) {
            0..=3 => {
                if self.random.one_in(8) {
                    self.burst = match self.burst.take() {
                        Some(hold) => {
                            self.hub.let_go(hold, self.now_ns);
                            None
                        }
                        None => Some(self.hub.hold(self.now_ns)),
                    };
                }
                self.arrive();
            }
            4 => self.leave(),
            5..=7 => {
                let lane = self.random.below(self.lanes.len());
                self.lane_acts(lane);
            }
            _ => self.mover_acts(),
        }
    }

    fn arrive(&mut self) {
        self.admitted += 1;
        self.tally.requests += 1;
        let rows = if self.random.one_in(20) { 20 } else { 1 + self.random.below(4) };
        // Three widths and room for two groups: groups come and go.
        let width = 1 + self.random.below(3);
        let first = (self.admitted * 32) as f32;
        let fault = match self.random.below(100) {
            0 => Fault::Bad,
            1 => Fault::Poison,
            _ => Fault::None,
        };
        // One row is enough, whichever it is.
        let at_fault = self.admitted as u32 * 32 + self.random.below(rows) as u32;
        match fault {
            Fault::Bad => drop(self.bad_rows.insert(at_fault)),
            Fault::Poison => drop(self.poison_rows.insert(at_fault)),
            Fault::None => {}
        }
        let values = (0..rows).flat_map(|row| vec![first + row as f32; width]).collect();
        let tensor = Tensor::from_vec::<f32>([rows, width], values).unwrap();
        let deadline_ns = self.random.one_in(4).then(|| self.now_ns + self.random.below(2000) as u64);
        let priority = self.random.below(3) as i32 - 1;
        match self.hub.admit(vec![tensor], deadline_ns, priority, self.now_ns) {
            Ok(admitted) => {
                let infer = Infer::waiting(Arc::clone(&self.hub), admitted.call, admitted.generation);
                self.callers.push(Caller { fault, infer, first, rows, width, wants_cancel: false });
            }
            Err(error) => self.count(&error, Fault::None),
        }
    }

    fn leave(&mut self) {
        if self.callers.is_empty() {
            return;
        }
        let index = self.random.below(self.callers.len());
        let untouched = !self.is_running(&self.callers[index]);
        if untouched {
            self.left_in_queue.insert(self.callers[index].first as u32);
        }
        if self.random.one_in(2) {
            self.callers[index].wants_cancel = true;
            self.callers[index].infer.cancel();
        } else {
            self.callers.swap_remove(index);
            self.tally.left += 1;
        }
    }

    /// Whether a lane runs rows of this caller, or has.
    fn is_running(&self, caller: &Caller) -> bool {
        let own = caller.first..caller.first + caller.rows as f32;
        let is_own =
            |slot: &Slot, rows: usize| numbers(slot.input_rows(0, rows)).iter().any(|x| own.contains(x));
        self.lanes.iter().flat_map(|lane| &lane.running).any(|flight| is_own(&flight.slot, flight.rows))
            || caller.rows > 1
    }

    /// A lane's batch ends, or it asks for one.
    fn lane_acts(&mut self, index: usize) {
        let mut report = None;
        if let Some(flight) = self.lanes[index].running.take() {
            let (batch, level) = (flight.batch, flight.level);
            let took_ns = self.now_ns - flight.started_ns;
            let finished = Finished { batch, completion: self.end(flight), took_ns };
            if level != self.hub.stack.active() {
                return self.hub.finish_aside(LaneId(index), finished, self.now_ns);
            }
            if self.random.one_in(2) {
                return self.hub.finish(LaneId(index), finished, self.now_ns);
            }
            report = Some((batch, matches!(finished.completion, Completion::Done(_)).then_some(took_ns)));
            self.hub.inbox.push(Work::Deliver(finished));
        }
        match self.hub.next(LaneId(index), report, self.now_ns, &mut self.taken) {
            Next::Run { batch, level, work: Submission::Rows { slot, rows } } => {
                assert!(level < self.levels, "a candidate that there is");
                let started_ns = self.now_ns;
                self.lanes[index].running = Some(Flight { batch, level, slot, rows, started_ns });
            }
            Next::Run { .. } => unreachable!("the program has a batch axis"),
            Next::Wait | Next::WaitUntil(_) => {}
        }
    }

    /// How a batch ends: as its rows have it, and in a rough world by chance as well, more often on the first level.
    fn end(&mut self, flight: Flight) -> Completion {
        let Flight { mut slot, rows, level, .. } = flight;
        let failure = |why: &str| BackendError::Run { backend: "tripler", message: why.to_owned() };
        let firsts = run(&mut slot, rows);
        for first in &firsts {
            assert!(!self.left_in_queue.contains(&(*first as u32)), "{first} was cancelled before it ran");
        }
        let holds = |rows: &HashSet<u32>| firsts.iter().any(|first| rows.contains(&(*first as u32)));
        if holds(&self.poison_rows) {
            let slot = self.random.one_in(2).then_some(slot);
            return Completion::Lost(Loss { error: failure("poison"), slot, suspect: true });
        }
        if holds(&self.bad_rows) {
            return Completion::Failed(Some(slot), failure("bad"));
        }
        let chance = if level == 0 { 20 } else { 100 };
        match if self.is_rough { self.random.below(chance) } else { usize::MAX } {
            0 => Completion::Failed(Some(slot), failure("at random")),
            1 => Completion::Failed(None, failure("at random")),
            2 => Completion::Lost(Loss::total(failure("at random"))),
            3 => Completion::Lost(Loss { error: failure("at random"), slot: Some(slot), suspect: false }),
            _ => Completion::Done(slot),
        }
    }

    fn mover_acts(&mut self) {
        if let Some(Work::Deliver(finished)) = self.hub.inbox.try_pop() {
            self.hub.deliver(finished, || self.now_ns, &mut Scratch::default());
        }
        self.hub.form_ahead(self.now_ns, &mut Vec::new());
        if self.random.one_in(50) {
            // The batches given up still run; what comes of them is nobody's any more.
            for lane in self.hub.watch(self.now_ns).given_up {
                self.gave_up = true;
                self.hub.lane_restored(lane);
            }
        }
    }

    /// Lets every caller look for its answer.
    pub(super) fn collect(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let mut index = 0;
        while index < self.callers.len() {
            match Pin::new(&mut self.callers[index].infer).poll(&mut context) {
                Poll::Pending => index += 1,
                Poll::Ready(answer) => {
                    let caller = self.callers.swap_remove(index);
                    match answer {
                        Ok(response) => {
                            assert!(caller.fault == Fault::None, "nothing can run this request");
                            self.tally.answered += 1;
                            let expected: Vec<f32> = (0..caller.rows)
                                .flat_map(|row| vec![3.0 * (caller.first + row as f32); caller.width])
                                .collect();
                            let output = response.output(0).unwrap();
                            assert_eq!(output.shape[..], [caller.rows, caller.width]);
                            assert_eq!(numbers(output.bytes), expected, "the caller's own rows");
                        }
                        Err(error) => {
                            assert!(caller.wants_cancel || error != EngineError::Cancelled);
                            self.count(&error, caller.fault);
                        }
                    }
                }
            }
        }
    }

    fn count(&mut self, error: &EngineError, fault: Fault) {
        // Where nothing fails by chance, each request is answered for itself alone.
        let is_judged = self.recovers && !self.is_rough;
        let counter = match error {
            EngineError::QueueFull { .. } => &mut self.tally.refused,
            EngineError::DeadlineExceeded { .. } => &mut self.tally.late,
            EngineError::Cancelled => &mut self.tally.cancelled,
            EngineError::BackendFailed(_) => {
                assert!(!is_judged || fault == Fault::Bad || self.gave_up, "{error} for another's fault");
                &mut self.tally.failed
            }
            EngineError::PoisonRequest { .. } => {
                assert!(!is_judged || fault == Fault::Poison, "{error} for another's fault");
                &mut self.tally.poisonous
            }
            EngineError::ShuttingDown => &mut self.tally.shut_down,
            other => panic!("{other}"),
        };
        *counter += 1;
    }

    /// Stops: draining, or refusing what is left. Everybody must have been answered then.
    pub(super) fn finish(&mut self) {
        self.hub.begin_stop();
        self.arrive();
        if self.random.one_in(2) {
            for _ in 0..20_000 {
                self.now_ns += 10;
                (0..self.lanes.len()).for_each(|lane| self.lane_acts(lane));
                self.mover_acts();
                if self.hub.wait_answered(Duration::ZERO) {
                    break;
                }
            }
            assert!(self.hub.wait_answered(Duration::ZERO), "draining answers everybody");
        } else {
            self.hub.refuse_rest();
        }
        self.collect();
        assert!(self.callers.is_empty(), "{} callers were never answered", self.callers.len());
        (0..self.lanes.len()).for_each(|lane| self.lane_acts(lane));
        while let Some(Work::Deliver(finished)) = self.hub.inbox.try_pop() {
            self.hub.deliver(finished, || self.now_ns, &mut Scratch::default());
        }
        assert_eq!(self.hub.input_bytes(), 0);
        self.tally.moves = Recorder::snapshot(&[&self.hub.recorder], Duration::ZERO, 1).moves as usize;
    }
}
