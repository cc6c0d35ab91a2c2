//! What the scheduler costs a request: admission, its share of a take, of the batch's end and of the place's release.
//!
//! `cargo bench -p phalanx-batch --bench overhead`

#![expect(clippy::print_stdout, reason = "the figures are what it gives")]

use std::hint::black_box;
use std::time::Instant;

use phalanx_batch::{
    Arrival, GroupId, LaneId, LatencyModel, Nanos, Options, PolicyKind, Scheduler, Take, Taken,
};

const ROWS: usize = 64;
const BATCHES: usize = 20_000;
const REPEATS: usize = 7;

struct Rig {
    scheduler: Scheduler<u64>,
    group: GroupId,
    taken: Taken<u64>,
    now_ns: Nanos,
}

impl Rig {
    fn new(policy: PolicyKind, slo_ns: Option<Nanos>) -> Self {
        let options = Options {
            lanes: 1,
            depth: 2,
            rows_max: ROWS,
            queue_rows_max: 1 << 16,
            slo_ns,
            lead_ns: 0,
            policy,
        };
        let mut scheduler = Scheduler::new(options);
        let mut latency = LatencyModel::any(ROWS);
        for (index, rows) in latency.sizes().to_vec().into_iter().enumerate() {
            latency.calibrate(index, 1000 * rows as Nanos + 10_000);
        }
        let group = scheduler.add_group(latency, false);
        Self { scheduler, group, taken: Taken::default(), now_ns: 0 }
    }

    fn admit(&mut self, requests: usize) {
        let arrival = Arrival { group: self.group, rows: 1, deadline_ns: None, priority: 0 };
        for payload in 0..requests as u64 {
            self.now_ns += 100;
            if self.scheduler.check(self.now_ns, &arrival).is_ok() {
                black_box(self.scheduler.admit(self.now_ns, &arrival, payload));
            }
        }
    }

    /// The lane runs one batch, and what waits behind it is formed meanwhile.
    fn run(&mut self) {
        if self.scheduler.take(self.now_ns, LaneId(0), &mut self.taken) != Take::Run {
            return;
        }
        black_box(&self.taken.members);
        let batch = self.taken.batch;
        let took_ns = 1000 * self.taken.rows as Nanos + 10_000;
        self.now_ns += took_ns;
        self.scheduler.complete(self.now_ns, LaneId(0), batch, Some(took_ns));
        self.scheduler.release(self.now_ns, batch);
    }
}

fn measure(name: &str, mut rig: Rig, mut round: impl FnMut(&mut Rig)) {
    let best = (0..REPEATS).map(|_| {
        let start = Instant::now();
        (0..BATCHES).for_each(|_| round(&mut rig));
        start.elapsed().as_nanos() as f64 / (BATCHES * ROWS) as f64
    });
    println!("{name}: {:.0} ns a request", best.fold(f64::INFINITY, f64::min));
}

fn main() {
    measure("joining at once, no deadlines", Rig::new(PolicyKind::Immediate, None), |rig| {
        rig.admit(ROWS);
        rig.run();
    });
    measure("joining at once, with an SLO", Rig::new(PolicyKind::SloWindow, Some(1_000_000)), |rig| {
        rig.admit(ROWS);
        rig.run();
    });
    let (mut joined, mut refused) = (Vec::new(), Vec::new());
    let mut queued = Rig::new(PolicyKind::Immediate, None);
    queued.admit(4 * ROWS);
    measure("through the queue, no deadlines", queued, |rig| {
        rig.admit(ROWS);
        rig.scheduler.form_ahead(rig.now_ns, &mut joined, &mut refused);
        rig.run();
    });
    let mut queued = Rig::new(PolicyKind::SloWindow, Some(10_000_000));
    queued.admit(4 * ROWS);
    measure("through the queue, with an SLO", queued, |rig| {
        rig.admit(ROWS);
        rig.scheduler.form_ahead(rig.now_ns, &mut joined, &mut refused);
        rig.run();
    });
}
