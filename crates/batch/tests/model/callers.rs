//! Callers: requests that come, join, leave and are refused.

use phalanx_batch::{Arrival, BatchRef, Nanos, Placed, Refusal};

use super::model::Model;
use super::requests::Request;
use super::step::keeps_slo;

impl Model {
    pub(super) fn admit(&mut self, group: usize, rows: usize, priority: i32, deadline_ns: Option<Nanos>) {
        let exclusive = group == 2;
        let deadline_ns = deadline_ns.map(|after_ns| self.now_ns + after_ns);
        let arrival = Arrival { group: self.groups[group], rows, deadline_ns, priority };
        let full = self.requests.rows() + rows > self.options.queue_rows_max;
        let checked = self.scheduler.check(self.now_ns, &arrival);
        assert_eq!(matches!(checked, Err(Refusal::ShuttingDown)), self.stopped);
        assert_eq!(matches!(checked, Err(Refusal::QueueFull { .. })), full && !self.stopped);
        if checked.is_err() {
            let admitted = self.stopped && self.scheduler.admit(self.now_ns, &arrival, 0).is_some();
            assert!(!admitted, "admitted after the stop");
            return;
        }
        let deadline_ns = deadline_ns.unwrap_or_else(|| self.promised_ns(group));
        let number = self.requests.next_number();
        let Some(admitted) = self.scheduler.admit(self.now_ns, &arrival, number) else {
            assert!(rows > self.options.rows_max && !exclusive, "a good request was not admitted");
            return;
        };
        assert!(rows <= self.options.rows_max || exclusive, "more rows than a batch may have");
        let (group, arrival_ns, key) = (arrival.group, self.now_ns, admitted.key);
        self.requests.enter(Request { key, group, rows, priority, arrival_ns, deadline_ns, joined: None });
        if let Placed::Joined { batch, index, offset } = admitted.placed {
            self.joined(number, batch, index, offset);
            if !self.has_timers() {
                self.requests.check_not_overtaken(group, index == 0);
            }
        }
        self.lanes.wake(admitted.wake);
    }

    fn promised_ns(&self, group: usize) -> Nanos {
        let one_row_ns = self.scheduler.latency(self.groups[group]).expect("the group exists").estimate_ns(1);
        match self.options.slo_ns {
            Some(slo_ns) if keeps_slo(self.options.policy) && one_row_ns <= slo_ns => self.now_ns + slo_ns,
            _ => Nanos::MAX,
        }
    }

    fn joined(&mut self, number: usize, batch: BatchRef, index: usize, offset: usize) {
        assert!(batch.place < self.scheduler.places());
        assert!(!self.out.contains_key(&batch.place), "the place of a batch that is not released");
        self.requests.join(number, batch, index, offset);
    }

    pub(super) fn cancel(&mut self, pick: usize) {
        let Some((number, key)) = self.requests.pick(pick) else { return };
        assert_eq!(self.scheduler.cancel(key), Some(number));
        assert_eq!(self.scheduler.cancel(key), None, "a request that is gone");
        self.requests.leave(number);
        let woken = self.scheduler.wake(self.now_ns);
        self.lanes.wake(woken);
    }

    pub(super) fn drain_all(&mut self) {
        for number in self.scheduler.drain_all() {
            self.requests.leave(number);
        }
        assert!(self.requests.is_empty(), "drained, and requests are left");
    }

    pub(super) fn refused(&mut self, number: usize, refusal: Refusal) {
        let request = self.requests.leave(number);
        assert!(matches!(refusal, Refusal::DeadlineExceeded { .. }), "{refusal:?}");
        assert!(request.deadline_ns < Nanos::MAX, "refused as too late without a deadline");
    }

    pub(super) fn form_ahead(&mut self) {
        let (mut joined, mut refused) = (Vec::new(), Vec::new());
        let wanted = self.scheduler.wants_forming();
        let batch = self.scheduler.form_ahead(self.now_ns, &mut joined, &mut refused);
        assert!(batch.is_none() || wanted, "formed although nothing wanted forming");
        assert!(
            batch.is_some() || !wanted || !refused.is_empty(),
            "not formed although something wanted forming"
        );
        for (number, refusal) in refused {
            self.refused(number, refusal);
        }
        for (position, member) in joined.iter().enumerate() {
            let batch = batch.expect("nobody joins no batch");
            self.joined(member.payload, batch, member.index, member.offset);
            if position == 0 && !self.has_timers() {
                self.requests.check_most_urgent(member.payload, &self.options);
            }
        }
    }
}
