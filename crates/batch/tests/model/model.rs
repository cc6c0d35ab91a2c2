use std::collections::{BTreeMap, BTreeSet};

use phalanx_batch::{BatchRef, GroupId, Nanos, Options, PolicyKind, Scheduler, Taken};

use super::lanes::Lanes;
use super::requests::Requests;
use super::step::{Setup, Step};

/// What the scheduler promises, and the lanes that it feeds.
pub(crate) struct Model {
    pub(super) scheduler: Scheduler<usize>,
    pub(super) options: Options,
    pub(super) setup: Setup,
    pub(super) groups: [GroupId; 3],
    pub(super) requests: Requests,
    pub(super) lanes: Lanes,
    /// Batches that were taken and not released, by place.
    pub(super) out: BTreeMap<usize, BatchRef>,
    pub(super) batches_seen: BTreeSet<u64>,
    pub(super) taken: Taken<usize>,
    pub(super) now_ns: Nanos,
    pub(super) stopped: bool,
}

impl Model {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut scheduler = Scheduler::new(setup.options);
        let groups = [false, false, true].map(|exclusive| scheduler.add_group(setup.latency(), exclusive));
        Self {
            scheduler,
            options: setup.options,
            setup: setup.clone(),
            groups,
            requests: Requests::default(),
            lanes: Lanes::new(setup.options.lanes),
            out: BTreeMap::new(),
            batches_seen: BTreeSet::new(),
            taken: Taken::default(),
            now_ns: 0,
            stopped: false,
        }
    }

    pub(crate) fn apply(&mut self, step: &Step) {
        match *step {
            Step::Admit { group, rows, priority, deadline_ns } => {
                self.admit(group, rows, priority, deadline_ns);
            }
            Step::Cancel { pick } => self.cancel(pick),
            Step::Ask { pick } => {
                let asking = self.lanes.asking(self.now_ns);
                if let Some(position) = pick.checked_rem(asking.len()) {
                    self.ask(asking[position]);
                }
            }
            Step::AskInVain { lane } => {
                let idle = self.lanes.idle();
                if let Some(position) = lane.checked_rem(idle.len()) {
                    self.ask(idle[position]);
                }
            }
            Step::Complete { lane, pick, noise, ok } => self.complete(lane, pick, noise, ok),
            Step::Release { pick } => self.release(pick),
            Step::FormAhead => self.form_ahead(),
            Step::Lose { lane } => self.lose(lane),
            Step::Restore { lane } => self.restore(lane),
            Step::Wait { ns } => self.now_ns += ns,
            Step::Settle => self.settle(),
            Step::Stop => {
                self.scheduler.stop();
                self.stopped = true;
                self.lanes.wake_all();
            }
            Step::DrainAll => self.drain_all(),
        }
        self.check();
    }

    /// Everything that was admitted leaves, as long as lanes ask when they have reason to.
    pub(crate) fn run_out(&mut self) {
        for _ in 0..10_000 {
            self.settle();
            self.check();
            if let Some(&lane) = self.lanes.running().first() {
                self.complete(lane, 0, 0, true);
            } else if !self.out.is_empty() {
                self.release(0);
                self.form_ahead();
            } else if self.lanes.all_lost() {
                self.drain_all();
                break;
            } else if let Some(time_ns) = self.lanes.next_ask_ns() {
                self.now_ns = self.now_ns.max(time_ns);
            } else {
                break;
            }
        }
        assert!(self.requests.is_empty(), "requests are left that nobody will ever take");
        assert!(self.scheduler.is_idle());
        self.check();
    }

    fn check(&self) {
        assert_eq!(self.scheduler.queued_rows(), self.requests.rows());
        assert_eq!(self.scheduler.is_idle(), self.requests.is_empty() && self.lanes.running().is_empty());
        assert_eq!(self.scheduler.all_lanes_lost(), self.lanes.all_lost());
    }

    /// Whether lanes may be told to wait for some time.
    pub(super) fn has_timers(&self) -> bool {
        matches!(self.options.policy, PolicyKind::Delay { .. } | PolicyKind::Deferred)
            || self.options.depth > 1
    }
}
