mod queue;

use phalanx_batch::Nanos;

use crate::rule::Textbook;
use crate::subject::{Arriving, Left, Subject, Worked};
use crate::{Served, Times};
use queue::{Queue, Step};

/// A rule as it was published, on a plain queue of requests of one row each.
pub(crate) struct Plain {
    now_ns: Nanos,
    queue: Queue,
    times: Times,
    lanes: Vec<Lane>,
    next: Option<(Nanos, usize)>,
    worked: Worked,
    batch: Vec<u32>,
}

struct Lane {
    /// When it became idle, or when the window that is open now was opened.
    idle_ns: Nanos,
    /// When it ends what it runs, or closes its window.
    next_ns: Option<Nanos>,
    running: Vec<u32>,
}

impl Plain {
    pub(crate) fn new(rule: Textbook, served: &Served, devices: usize) -> Self {
        let lane = || Lane { idle_ns: 0, next_ns: None, running: Vec::new() };
        Self {
            now_ns: 0,
            queue: Queue::new(rule, served),
            times: served.times.clone(),
            lanes: (0..devices).map(|_| lane()).collect(),
            next: None,
            worked: Worked::default(),
            batch: Vec::new(),
        }
    }

    /// Gives a lane that is idle something to do, if there is anything.
    fn offer(&mut self, lane: usize, left: &mut Vec<Left>) {
        let Self { now_ns, queue, times, lanes, batch, worked, .. } = self;
        let lane = &mut lanes[lane];
        if !lane.running.is_empty() {
            return;
        }
        batch.clear();
        match queue.take(*now_ns, &mut lane.idle_ns, times, batch, left) {
            Step::Run => {
                let took_ns = times.run_ns(batch.len()) as Nanos;
                worked.ran(batch.len(), took_ns);
                queue.ran(took_ns);
                std::mem::swap(&mut lane.running, batch);
                lane.next_ns = Some(*now_ns + took_ns);
            }
            Step::WaitUntil(time_ns) => lane.next_ns = Some(time_ns),
            Step::Wait => lane.next_ns = None,
        }
    }

    fn find_next(&mut self) {
        let lanes = self.lanes.iter().enumerate();
        self.next = lanes.filter_map(|(index, lane)| Some((lane.next_ns?, index))).min();
    }
}

impl Subject for Plain {
    fn arrive(&mut self, now_ns: Nanos, arriving: Arriving, left: &mut Vec<Left>) {
        self.now_ns = now_ns;
        self.queue.push(now_ns, arriving.request);
        if let Some(lane) = self.lanes.iter().position(|lane| lane.running.is_empty()) {
            self.offer(lane, left);
            self.find_next();
        }
    }

    fn next_ns(&self) -> Nanos {
        self.next.map_or(Nanos::MAX, |(time_ns, _)| time_ns)
    }

    fn happen(&mut self, left: &mut Vec<Left>) {
        let Some((time_ns, index)) = self.next else { return };
        self.now_ns = self.now_ns.max(time_ns);
        let lane = &mut self.lanes[index];
        if !lane.running.is_empty() {
            left.extend(lane.running.drain(..).map(|request| Left { request, answered: true }));
            lane.idle_ns = self.now_ns;
        }
        self.offer(index, left);
        self.find_next();
    }

    fn worked(&self) -> Worked {
        self.worked
    }
}
