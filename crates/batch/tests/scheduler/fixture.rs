use phalanx_batch::{
    Admitted, Arrival, BatchRef, GroupId, LaneId, LatencyModel, LeaveReason, Nanos, Options, Placed,
    PolicyKind, Refusal, Scheduler, Take, Taken,
};

/// The time of a batch of b rows: 10·b + 100.
pub(crate) fn run_ns(rows: usize) -> Nanos {
    10 * rows as Nanos + 100
}

pub(crate) fn options(policy: PolicyKind) -> Options {
    Options { lanes: 1, depth: 2, rows_max: 8, queue_rows_max: 100, slo_ns: None, lead_ns: 0, policy }
}

/// A scheduler with one group, whose requests are named by letters.
pub(crate) struct Fixture {
    pub(crate) scheduler: Scheduler<char>,
    pub(crate) group: GroupId,
    pub(crate) now_ns: Nanos,
    pub(crate) taken: Taken<char>,
}

/// A batch that left, in short: who is in it, at which first rows, and why it left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) members: String,
    pub(crate) offsets: Vec<usize>,
    pub(crate) reason: LeaveReason,
}

impl Fixture {
    pub(crate) fn new(options: Options) -> Self {
        let mut scheduler = Scheduler::new(options);
        let group = scheduler.add_group(latency(options.rows_max), false);
        Self { scheduler, group, now_ns: 0, taken: Taken::default() }
    }

    pub(crate) fn arrival(&self, rows: usize) -> Arrival {
        Arrival { group: self.group, rows, deadline_ns: None, priority: 0 }
    }

    pub(crate) fn admit(&mut self, name: char, arrival: Arrival) -> Admitted {
        self.scheduler.check(self.now_ns, &arrival).expect("it is admitted");
        self.scheduler.admit(self.now_ns, &arrival, name).expect("it is admitted")
    }

    /// A request of one row.
    pub(crate) fn arrive(&mut self, name: char) -> Admitted {
        self.admit(name, self.arrival(1))
    }

    /// Requests of one row each, by their letters.
    pub(crate) fn arrive_all(&mut self, names: &str) {
        for name in names.chars() {
            self.arrive(name);
        }
    }

    pub(crate) fn take(&mut self, lane: usize) -> Take {
        self.scheduler.take(self.now_ns, LaneId(lane), &mut self.taken)
    }

    /// What lane 0 runs next.
    pub(crate) fn run(&mut self) -> Left {
        assert_eq!(self.take(0), Take::Run);
        let members = self.taken.members.iter();
        Left {
            members: members.clone().map(|member| member.payload).collect(),
            offsets: members.map(|member| member.offset).collect(),
            reason: self.taken.reason,
        }
    }

    /// Who is in the batch that lane 0 runs next.
    pub(crate) fn run_members(&mut self) -> String {
        self.run().members
    }

    /// The batch that lane 0 took last ends as expected, and its place is free again.
    pub(crate) fn end(&mut self) {
        self.end_after(run_ns(self.taken.rows));
    }

    /// The batch that lane 0 took last ends after this time, and its place is free again.
    pub(crate) fn end_after(&mut self, took_ns: Nanos) {
        let batch = self.taken.batch;
        self.now_ns += took_ns;
        self.scheduler.complete(self.now_ns, LaneId(0), batch, Some(took_ns));
        self.scheduler.release(self.now_ns, batch);
    }

    /// Who was refused by the last take.
    pub(crate) fn refused(&self) -> String {
        self.taken.refused.iter().map(|&(name, _)| name).collect()
    }

    /// Who is in the batch that is formed ahead, and who is refused.
    pub(crate) fn form_ahead(&mut self) -> (Option<BatchRef>, String, String) {
        let (mut joined, mut refused) = (Vec::new(), Vec::new());
        let batch = self.scheduler.form_ahead(self.now_ns, &mut joined, &mut refused);
        let names = |refused: Vec<(char, Refusal)>| refused.into_iter().map(|(name, _)| name).collect();
        (batch, joined.iter().map(|member| member.payload).collect(), names(refused))
    }
}

pub(crate) fn latency(rows_max: usize) -> LatencyModel {
    let mut latency = LatencyModel::any(rows_max);
    for (index, rows) in latency.sizes().to_vec().into_iter().enumerate() {
        latency.calibrate(index, run_ns(rows));
    }
    latency
}

/// Batch, position and first row of a request that joined at once.
pub(crate) fn joined(admitted: &Admitted) -> (BatchRef, usize, usize) {
    match admitted.placed {
        Placed::Joined { batch, index, offset } => (batch, index, offset),
        Placed::Queued => panic!("it waits"),
    }
}
