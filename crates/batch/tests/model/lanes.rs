use phalanx_batch::{BatchRef, LaneId, Nanos};

/// What a lane does, as far as whoever runs it knows.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) state: State,
    pub(crate) running: Vec<(BatchRef, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It has reason to ask: it starts, was given a batch, or was woken.
    Asking,
    /// It has as many batches as it can have.
    Busy,
    /// It was told to wait until it is woken, or until this time.
    Idle(Option<Nanos>),
    Lost,
}

pub(crate) struct Lanes(Vec<Lane>);

impl Lanes {
    pub(crate) fn new(count: usize) -> Self {
        Self(vec![Lane { state: State::Asking, running: Vec::new() }; count])
    }

    pub(crate) fn get(&mut self, lane: usize) -> (LaneId, &mut Lane) {
        let index = lane % self.0.len();
        (LaneId(index), &mut self.0[index])
    }

    /// Lanes that have reason to ask by now.
    pub(crate) fn asking(&self, now_ns: Nanos) -> Vec<usize> {
        let due = |state: State| match state {
            State::Asking => true,
            State::Idle(Some(time_ns)) => time_ns <= now_ns,
            _ => false,
        };
        (0..self.0.len()).filter(|&lane| due(self.0[lane].state)).collect()
    }

    pub(crate) fn idle(&self) -> Vec<usize> {
        (0..self.0.len()).filter(|&lane| matches!(self.0[lane].state, State::Idle(_))).collect()
    }

    pub(crate) fn running(&self) -> Vec<usize> {
        (0..self.0.len()).filter(|&lane| !self.0[lane].running.is_empty()).collect()
    }

    pub(crate) fn all_lost(&self) -> bool {
        self.0.iter().all(|lane| lane.state == State::Lost)
    }

    /// The first time at which a lane that waits asks by itself.
    pub(crate) fn next_ask_ns(&self) -> Option<Nanos> {
        self.0
            .iter()
            .filter_map(|lane| if let State::Idle(time_ns) = lane.state { time_ns } else { None })
            .min()
    }

    /// Only a lane that waits is woken, and only once.
    pub(crate) fn wake(&mut self, woken: Option<LaneId>) {
        if let Some(LaneId(lane)) = woken {
            assert!(
                matches!(self.0[lane].state, State::Idle(_)),
                "lane {lane} does not wait: {:?}",
                self.0[lane]
            );
            self.0[lane].state = State::Asking;
        }
    }

    pub(crate) fn wake_all(&mut self) {
        for lane in &mut self.0 {
            if matches!(lane.state, State::Idle(_) | State::Busy) {
                lane.state = State::Asking;
            }
        }
    }
}
