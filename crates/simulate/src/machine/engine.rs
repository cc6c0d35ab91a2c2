use std::collections::VecDeque;

use phalanx_batch::{
    Arrival, BatchRef, GroupId, Joined, LaneId, Nanos, Options, Refusal, Scheduler, Take, Taken,
};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use crate::subject::{Arriving, Left, Worked};
use crate::{Class, Noise, Rule, Served, Times};

/// One model's scheduler and lanes.
pub(super) struct Engine {
    scheduler: Scheduler<u32>,
    group: GroupId,
    classes: Vec<Class>,
    lanes: Vec<Lane>,
    blocking: bool,
    times: Times,
    noise: Noise,
    random: Xoshiro256PlusPlus,
    pub(super) worked: Worked,
    taken: Taken<u32>,
    joined: Vec<Joined<u32>>,
    refused: Vec<(u32, Refusal)>,
    /// Lists of requests of batches that have ended, to be used again.
    spare: Vec<Vec<u32>>,
}

#[derive(Default)]
struct Lane {
    running: VecDeque<Running>,
    /// When it asks by itself.
    asks_ns: Option<Nanos>,
}

struct Running {
    batch: BatchRef,
    requests: Vec<u32>,
    took_ns: Nanos,
    ends_ns: Nanos,
}

/// What came of a lane's asking.
pub(super) struct Asked {
    /// Another lane to be woken.
    pub(super) woken: Option<LaneId>,
    /// Whether the lane runs something now.
    pub(super) runs: bool,
}

/// A batch that has ended.
pub(super) struct Ended {
    pub(super) batch: BatchRef,
    pub(super) took_ns: Nanos,
    pub(super) woken: Option<LaneId>,
}

impl Engine {
    pub(super) fn new(served: &Served, lanes: usize, seed: u64) -> Self {
        let policy = match served.rule {
            Rule::Engine(policy) => policy,
            // Other rules have a subject of their own.
            Rule::Textbook(_) => Default::default(),
        };
        let mut scheduler = Scheduler::new(Options {
            lanes,
            depth: served.depth,
            rows_max: served.rows_max,
            queue_rows_max: served.queue_rows_max,
            slo_ns: Some(served.slo_ns),
            lead_ns: served.lead_ns,
            policy,
        });
        let group = scheduler.add_group(served.times.latency(served.rows_max), false);
        Self {
            scheduler,
            group,
            classes: served.classes.clone(),
            lanes: (0..lanes).map(|_| Lane::default()).collect(),
            blocking: served.lead_ns == 0,
            times: served.times.clone(),
            noise: served.noise.clone(),
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            worked: Worked::default(),
            taken: Taken::default(),
            joined: Vec::new(),
            refused: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// When the next thing happens, and on which lane.
    pub(super) fn next(&self) -> Option<(Nanos, usize)> {
        let lanes = self.lanes.iter().enumerate();
        let times = lanes.filter_map(|(index, lane)| {
            let ends_ns = lane.running.front().map(|batch| batch.ends_ns);
            Some((ends_ns.into_iter().chain(lane.asks_ns).min()?, index))
        });
        times.min()
    }

    pub(super) fn has_ended(&self, lane: usize, now_ns: Nanos) -> bool {
        self.lanes[lane].running.front().is_some_and(|running| running.ends_ns <= now_ns)
    }

    /// The lane need not be told again.
    pub(super) fn timer_rang(&mut self, lane: usize) {
        self.lanes[lane].asks_ns = None;
    }

    /// A request comes; a lane to be woken comes back.
    pub(super) fn arrive(
        &mut self,
        now_ns: Nanos,
        arriving: Arriving,
        left: &mut Vec<Left>,
    ) -> Option<LaneId> {
        let class = &self.classes[usize::from(arriving.class)];
        let arrival = Arrival {
            group: self.group,
            rows: class.rows,
            deadline_ns: class.deadline_ns.map(|after_ns| now_ns.saturating_add(after_ns)),
            priority: class.priority,
        };
        let request = arriving.request;
        let admitted = match self.scheduler.check(now_ns, &arrival) {
            Ok(()) => self.scheduler.admit(now_ns, &arrival, request),
            Err(_) => None,
        };
        match admitted {
            Some(admitted) => admitted.wake,
            None => {
                left.push(Left { request, answered: false });
                None
            }
        }
    }

    /// The first batch of a lane ends.
    pub(super) fn complete(&mut self, now_ns: Nanos, lane: usize, left: &mut Vec<Left>) -> Option<Ended> {
        let Running { batch, mut requests, took_ns, .. } = self.lanes[lane].running.pop_front()?;
        let woken = self.scheduler.complete(now_ns, LaneId(lane), batch, Some(took_ns));
        left.extend(requests.drain(..).map(|request| Left { request, answered: true }));
        self.spare.push(requests);
        Some(Ended { batch, took_ns, woken })
    }

    /// The place of a batch that has ended is free; a lane to be woken comes back.
    pub(super) fn release(&mut self, now_ns: Nanos, batch: BatchRef, left: &mut Vec<Left>) -> Option<LaneId> {
        let woken = self.scheduler.release(now_ns, batch);
        self.form_ahead(now_ns, left);
        woken
    }

    /// The lane asks as long as it gets something.
    pub(super) fn ask(&mut self, now_ns: Nanos, lane: LaneId, left: &mut Vec<Left>) -> Asked {
        let mut woken = None;
        self.lanes[lane.0].asks_ns = None;
        while !self.blocking || self.lanes[lane.0].running.is_empty() {
            let take = self.scheduler.take(now_ns, lane, &mut self.taken);
            let refused = self.taken.refused.drain(..);
            left.extend(refused.map(|(request, _)| Left { request, answered: false }));
            woken = woken.or(self.taken.wake);
            match take {
                Take::Run => self.run(now_ns, lane.0, left),
                Take::Wait => break,
                Take::WaitUntil(time_ns) => {
                    self.lanes[lane.0].asks_ns = Some(time_ns);
                    break;
                }
            }
        }
        Asked { woken, runs: !self.lanes[lane.0].running.is_empty() }
    }

    fn run(&mut self, now_ns: Nanos, lane: usize, left: &mut Vec<Left>) {
        let took_ns = self.took_ns(self.taken.rows);
        self.worked.ran(self.taken.rows, took_ns);
        let mut requests = self.spare.pop().unwrap_or_default();
        requests.extend(self.taken.members.drain(..).map(|member| member.payload));
        let batch = self.taken.batch;
        let running = &mut self.lanes[lane].running;
        let starts_ns = running.back().map_or(now_ns, |before| before.ends_ns);
        running.push_back(Running { batch, requests, took_ns, ends_ns: starts_ns + took_ns });
        self.form_ahead(now_ns, left);
    }

    fn took_ns(&mut self, rows: usize) -> Nanos {
        (self.times.run_ns(rows) * self.noise.draw(&mut self.random)).max(1.0) as Nanos
    }

    fn form_ahead(&mut self, now_ns: Nanos, left: &mut Vec<Left>) {
        while self.scheduler.form_ahead(now_ns, &mut self.joined, &mut self.refused).is_some() {}
        left.extend(self.refused.drain(..).map(|(request, _)| Left { request, answered: false }));
    }
}
