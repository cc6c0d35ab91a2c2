use std::collections::VecDeque;

use phalanx_batch::{
    Arrival, BatchRef, GroupId, LaneId, LatencyModel, Nanos, Options, Scheduler, Take, Taken,
};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Refused,
}

/// One scheduler and the lanes it feeds, in virtual time, driven as the engine drives it: a lane that blocks asks when
/// it is free; one that works by itself asks again after every batch it was handed. Places are released and the next
/// batch is formed right after.
pub(crate) struct Machine<L> {
    scheduler: Scheduler<usize>,
    group: GroupId,
    now_ns: Nanos,
    lanes: Vec<Lane>,
    blocking: bool,
    run_ns: L,
    taken: Taken<usize>,
    ended: Vec<(usize, Outcome)>,
}

#[derive(Default)]
struct Lane {
    running: VecDeque<Running>,
    /// When it asks by itself.
    asks_ns: Option<Nanos>,
}

struct Running {
    batch: BatchRef,
    requests: Vec<usize>,
    took_ns: Nanos,
    ends_ns: Nanos,
}

impl<L: FnMut(usize) -> Nanos> Machine<L> {
    /// `run_ns` says how long a batch of that many rows takes; it is asked once for every batch that runs. A lane
    /// blocks where the options give it no lead.
    pub(crate) fn new(options: Options, latency: LatencyModel, run_ns: L) -> Self {
        let mut scheduler = Scheduler::new(options);
        let group = scheduler.add_group(latency, false);
        let mut machine = Self {
            scheduler,
            group,
            now_ns: 0,
            lanes: (0..options.lanes).map(|_| Lane::default()).collect(),
            blocking: options.lead_ns == 0,
            run_ns,
            taken: Taken::default(),
            ended: Vec::new(),
        };
        (0..options.lanes).for_each(|lane| machine.ask_all(Some(LaneId(lane))));
        machine
    }

    /// A request of one row comes now.
    pub(crate) fn arrive(&mut self, request: usize) {
        let arrival = Arrival { group: self.group, rows: 1, deadline_ns: None, priority: 0 };
        if self.scheduler.check(self.now_ns, &arrival).is_err() {
            self.ended.push((request, Outcome::Refused));
            return;
        }
        let admitted = self.scheduler.admit(self.now_ns, &arrival, request).expect("the group exists");
        self.ask_all(admitted.wake);
    }

    /// Goes on to the next thing that happens until that time, and says who has left by then. `false` where nothing
    /// does.
    pub(crate) fn advance(&mut self, until_ns: Nanos, left: &mut Vec<(usize, Outcome)>) -> bool {
        left.clear();
        if self.ended.is_empty() {
            let Some((time_ns, lane)) = self.next_event().filter(|&(time_ns, _)| time_ns <= until_ns) else {
                if until_ns < Nanos::MAX {
                    self.now_ns = until_ns;
                }
                return false;
            };
            self.now_ns = time_ns;
            self.happens(lane);
        }
        left.append(&mut self.ended);
        true
    }

    pub(crate) fn now_ns(&self) -> Nanos {
        self.now_ns
    }

    fn next_event(&self) -> Option<(Nanos, usize)> {
        let lanes = self.lanes.iter().enumerate();
        let times = lanes.filter_map(|(index, lane)| {
            let ends_ns = lane.running.front().map(|batch| batch.ends_ns);
            Some((ends_ns.into_iter().chain(lane.asks_ns).min()?, index))
        });
        times.min()
    }

    fn happens(&mut self, lane: usize) {
        match self.lanes[lane].running.front() {
            Some(running) if running.ends_ns <= self.now_ns => self.complete(lane),
            _ => self.ask_all(Some(LaneId(lane))),
        }
    }

    fn complete(&mut self, lane: usize) {
        let Some(running) = self.lanes[lane].running.pop_front() else { return };
        let woken = self.scheduler.complete(self.now_ns, LaneId(lane), running.batch, Some(running.took_ns));
        self.ask_all(Some(LaneId(lane)));
        self.ask_all(woken);
        self.ended.extend(running.requests.into_iter().map(|request| (request, Outcome::Answered)));
        let woken = self.scheduler.release(self.now_ns, running.batch);
        self.form_ahead();
        self.ask_all(woken);
    }

    fn ask_all(&mut self, first: Option<LaneId>) {
        let mut asking = first;
        while let Some(lane) = asking {
            asking = self.ask(lane);
        }
    }

    /// The lane asks as long as it gets something; another lane to be woken comes back.
    fn ask(&mut self, lane: LaneId) -> Option<LaneId> {
        let mut woken = None;
        self.lanes[lane.0].asks_ns = None;
        while !self.blocking || self.lanes[lane.0].running.is_empty() {
            let take = self.scheduler.take(self.now_ns, lane, &mut self.taken);
            let refused = self.taken.refused.drain(..);
            self.ended.extend(refused.map(|(request, _)| (request, Outcome::Refused)));
            assert!(
                woken.is_none() || self.taken.wake.is_none(),
                "a second lane is woken before the first asked"
            );
            woken = woken.or(self.taken.wake);
            match take {
                Take::Run => self.run(lane.0),
                Take::Wait => break,
                Take::WaitUntil(time_ns) => {
                    self.lanes[lane.0].asks_ns = Some(time_ns);
                    break;
                }
            }
        }
        woken
    }

    fn run(&mut self, lane: usize) {
        let took_ns = (self.run_ns)(self.taken.rows);
        let starts_ns = self.lanes[lane].running.back().map_or(self.now_ns, |before| before.ends_ns);
        let requests = self.taken.members.drain(..).map(|member| member.payload).collect();
        let (batch, ends_ns) = (self.taken.batch, starts_ns + took_ns);
        self.lanes[lane].running.push_back(Running { batch, requests, took_ns, ends_ns });
        self.form_ahead();
    }

    fn form_ahead(&mut self) {
        let (mut joined, mut refused) = (Vec::new(), Vec::new());
        while self.scheduler.form_ahead(self.now_ns, &mut joined, &mut refused).is_some() {}
        self.ended.extend(refused.into_iter().map(|(request, _)| (request, Outcome::Refused)));
    }
}
