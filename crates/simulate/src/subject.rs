use phalanx_batch::Nanos;

/// A request as it arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arriving {
    /// Its number.
    pub(crate) request: u32,
    /// Which model it is for.
    pub(crate) model: u16,
    /// Which of the model's classes it is of.
    pub(crate) class: u16,
}

/// A request that has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub(crate) request: u32,
    /// Whether it was answered, and not refused.
    pub(crate) answered: bool,
}

/// What is simulated: requests go in, and come out answered or refused.
pub(crate) trait Subject {
    /// A request comes at this time, until which everything has happened.
    fn arrive(&mut self, now_ns: Nanos, arriving: Arriving, left: &mut Vec<Left>);

    /// When the next thing happens by itself; [`Nanos::MAX`] for never.
    fn next_ns(&self) -> Nanos;

    /// It happens.
    fn happen(&mut self, left: &mut Vec<Left>);

    /// Batches that have run, their rows, and how long they took together.
    fn worked(&self) -> Worked;
}

/// What the devices did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Worked {
    pub(crate) batches: u64,
    pub(crate) rows: u64,
    pub(crate) busy_ns: u64,
}

impl Worked {
    pub(crate) fn ran(&mut self, rows: usize, took_ns: Nanos) {
        self.batches += 1;
        self.rows += rows as u64;
        self.busy_ns += took_ns;
    }
}
