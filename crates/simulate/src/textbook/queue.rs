use std::collections::VecDeque;

use phalanx_batch::Nanos;

use crate::rule::Textbook;
use crate::subject::Left;
use crate::{Served, Times};

/// Weight of the newest batch in the mean time of a batch.
const MEAN_WEIGHT: f64 = 0.2;

/// Those who wait, the first first, and the rule by which a lane takes them.
pub(super) struct Queue {
    waiting: VecDeque<(Nanos, u32)>,
    rule: Textbook,
    rows_max: usize,
    /// The largest batch of which two fit into the SLO.
    rows_cap: usize,
    slo_ns: Nanos,
    /// Rows of the largest batch where that changes, and the mean time of a batch.
    rows_now: usize,
    mean_ns: f64,
}

/// What a lane that is idle does.
pub(super) enum Step {
    /// It runs the batch.
    Run,
    /// It asks again at this time.
    WaitUntil(Nanos),
    /// It asks when the next request comes.
    Wait,
}

impl Queue {
    pub(super) fn new(rule: Textbook, served: &Served) -> Self {
        let two_fit = |rows: &usize| 2.0 * served.times.run_ns(*rows) <= served.slo_ns as f64;
        Self {
            waiting: VecDeque::new(),
            rule,
            rows_max: served.rows_max,
            rows_cap: (1..=served.rows_max).rev().find(two_fit).unwrap_or(1),
            slo_ns: served.slo_ns,
            rows_now: 1,
            mean_ns: 0.0,
        }
    }

    pub(super) fn push(&mut self, now_ns: Nanos, request: u32) {
        self.waiting.push_back((now_ns, request));
    }

    /// A lane that is idle since `idle_ns` takes a batch. That moves on where a window has ended without a request.
    pub(super) fn take(
        &mut self,
        now_ns: Nanos,
        idle_ns: &mut Nanos,
        times: &Times,
        batch: &mut Vec<u32>,
        left: &mut Vec<Left>,
    ) -> Step {
        match self.rule {
            Textbook::Window { rows_max, window_ns } => {
                return self.window(now_ns, idle_ns, rows_max.min(self.rows_max), window_ns, batch);
            }
            Textbook::Doubling { rows_max, target_ns } => {
                let rows_max = rows_max.min(self.rows_max);
                self.fill(self.rows_now, batch);
                // What is left waiting decides on the next batch.
                self.double_or_halve(rows_max, target_ns);
            }
            Textbook::Greedy => self.fill(self.rows_max, batch),
            Textbook::Capped => {
                let rows = self.waiting.len().min(self.rows_cap);
                let ends_ns = now_ns + times.run_ns(rows) as Nanos;
                self.refuse_until(
                    |queue| queue.deadline_ns(0).is_none_or(|latest_ns| ends_ns <= latest_ns),
                    left,
                );
                self.fill(self.rows_cap, batch);
            }
            Textbook::Nexus => {
                let fits = |queue: &Self| {
                    let rows = queue.waiting.len().min(queue.rows_cap);
                    let ends_ns = now_ns + times.run_ns(rows) as Nanos;
                    queue.deadline_ns(0).is_none_or(|latest_ns| ends_ns <= latest_ns)
                };
                self.refuse_until(fits, left);
                self.fill(self.rows_cap, batch);
            }
        }
        if batch.is_empty() { Step::Wait } else { Step::Run }
    }

    fn window(
        &mut self,
        now_ns: Nanos,
        idle_ns: &mut Nanos,
        rows_max: usize,
        window_ns: Nanos,
        batch: &mut Vec<u32>,
    ) -> Step {
        if self.waiting.is_empty() {
            return Step::Wait;
        }
        // Windows that have ended without a request were opened again at once.
        let (first_ns, _) = self.waiting[0];
        while first_ns > idle_ns.saturating_add(window_ns) {
            *idle_ns += window_ns * ((first_ns - *idle_ns - 1) / window_ns.max(1)).max(1);
        }
        let ends_ns = idle_ns.saturating_add(window_ns);
        if self.waiting.len() < rows_max && now_ns < ends_ns {
            return Step::WaitUntil(ends_ns);
        }
        self.fill(rows_max, batch);
        Step::Run
    }

    /// A batch took this long.
    pub(super) fn ran(&mut self, took_ns: Nanos) {
        self.mean_ns += MEAN_WEIGHT * (took_ns as f64 - self.mean_ns);
    }

    fn double_or_halve(&mut self, rows_max: usize, target_ns: Nanos) {
        let waiting = self.waiting.len();
        if waiting > self.rows_now * 2 {
            self.rows_now = (self.rows_now * 2).min(rows_max);
        } else if waiting < self.rows_now / 2 && self.mean_ns < target_ns as f64 {
            self.rows_now = (self.rows_now / 2).max(1);
        }
    }

    /// When the request at this position has to be answered.
    fn deadline_ns(&self, position: usize) -> Option<Nanos> {
        self.waiting.get(position).map(|(arrival_ns, _)| arrival_ns + self.slo_ns)
    }

    /// Refuses the first, one after the other, until it fits.
    fn refuse_until(&mut self, fits: impl Fn(&Self) -> bool, left: &mut Vec<Left>) {
        while !fits(self) {
            let Some((_, request)) = self.waiting.pop_front() else { return };
            left.push(Left { request, answered: false });
        }
    }

    fn fill(&mut self, rows: usize, batch: &mut Vec<u32>) {
        let rows = rows.min(self.waiting.len());
        batch.extend(self.waiting.drain(..rows).map(|(_, request)| request));
    }
}
