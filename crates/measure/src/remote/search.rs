use super::profile::RATE_MAX;

/// Below one request in a hundred seconds nothing is searched for.
const RATE_MIN: f64 = 0.01;

/// Looks for the highest rate that holds: brackets it, halves the bracket until it is narrow enough, then lets the
/// lower end prove itself once more, and goes down step by step where it does not.
///
/// Pure: it says what to measure and is told how that went.
#[derive(Clone, Debug)]
pub struct Search {
    precision: f64,
    probes_left: u32,
    first: f64,
    /// The highest rate known to hold, and the lowest known not to.
    holds: Option<f64>,
    fails: Option<f64>,
    /// The highest rate that held below the one that is to be confirmed.
    held_below: Option<f64>,
    factor: f64,
    confirming: Option<f64>,
    /// By how much the next attempt to confirm goes down.
    retreat: f64,
}

/// What a search wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// Does this rate hold?
    Probe(f64),
    /// Does this rate, which held or must be close to one that does, hold once more, for longer?
    Confirm(f64),
    /// It is over.
    Done(Found),
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    /// The highest rate that held, also when it had to prove itself.
    Confirmed(f64),
    /// A rate that held once, but there were no probes left to confirm it.
    Unconfirmed(f64),
    /// No rate held.
    Nothing,
}

impl Search {
    /// Starts at `first` requests a second, and ends with a bracket of 1 to 1 + `precision`, or after `probes_max`
    /// measurements.
    #[must_use]
    pub fn new(first: f64, precision: f64, probes_max: u32) -> Self {
        Self {
            precision: precision.max(1e-4),
            probes_left: probes_max,
            first: first.clamp(RATE_MIN, RATE_MAX),
            holds: None,
            fails: None,
            held_below: None,
            factor: 1.25,
            confirming: None,
            retreat: precision.max(1e-4),
        }
    }

    /// What to measure next.
    #[must_use]
    pub fn next(&self) -> Next {
        if self.probes_left == 0 {
            return Next::Done(self.holds.or(self.held_below).map_or(Found::Nothing, Found::Unconfirmed));
        }
        if let Some(rate) = self.confirming {
            return if rate < RATE_MIN { Next::Done(Found::Nothing) } else { Next::Confirm(rate) };
        }
        match (self.holds, self.fails) {
            (None, None) => Next::Probe(self.first),
            (None, Some(fails)) if fails <= RATE_MIN => Next::Done(Found::Nothing),
            (None, Some(fails)) => Next::Probe((fails / self.factor).max(RATE_MIN)),
            (Some(holds), None) if holds >= RATE_MAX => Next::Confirm(holds),
            (Some(holds), None) => Next::Probe((holds * self.factor).min(RATE_MAX)),
            (Some(holds), Some(fails)) if fails <= holds * (1.0 + self.precision) => Next::Confirm(holds),
            (Some(holds), Some(fails)) => Next::Probe((holds * fails).sqrt()),
        }
    }

    /// Says whether the rate that [`Search::next`] asked for held. Gives what was found where that ends the search.
    pub fn measured(&mut self, held: bool) -> Option<Found> {
        let asked = self.next();
        self.probes_left = self.probes_left.saturating_sub(1);
        match (asked, held) {
            (Next::Probe(rate), _) => {
                // Far from the start the bracket is looked for in ever larger strides.
                let side = if held { &mut self.holds } else { &mut self.fails };
                let before = side.replace(rate);
                if before.is_some() {
                    self.factor = (self.factor * self.factor).min(4.0);
                }
                if held {
                    self.held_below = before;
                }
                None
            }
            (Next::Confirm(rate), true) => Some(Found::Confirmed(rate)),
            (Next::Confirm(rate), false) => {
                self.holds = None;
                self.confirming = Some(rate / (1.0 + self.retreat));
                self.retreat *= 2.0;
                None
            }
            (Next::Done(found), _) => Some(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs a search to its end, and gives what it found and how many measurements that took.
    fn search(search: &mut Search, mut holds: impl FnMut(Next, f64) -> bool) -> (Found, u32) {
        for probes in 0.. {
            let held = match search.next() {
                Next::Done(found) => return (found, probes),
                asked @ (Next::Probe(rate) | Next::Confirm(rate)) => holds(asked, rate),
            };
            if let Some(found) = search.measured(held) {
                return (found, probes + 1);
            }
        }
        unreachable!("the loop above has no end of its own")
    }

    #[test]
    fn a_good_guess_is_cheap() {
        let (found, probes) = search(&mut Search::new(1000.0, 0.02, 40), |_, rate| rate <= 1100.0);
        assert!(matches!(found, Found::Confirmed(rate) if (1078.0..=1100.0).contains(&rate)), "{found:?}");
        assert!(probes <= 8, "{probes}");
    }

    #[test]
    fn where_probes_run_out_what_held_below_is_the_answer() {
        // 1,000 holds, 1,250 holds, and nothing above; but then 1,250 does not hold again.
        let mut probes = 0;
        let (found, _) = search(&mut Search::new(1000.0, 0.6, 4), |asked, rate| {
            probes += 1;
            matches!(asked, Next::Probe(_)) && rate <= 1250.0
        });
        assert_eq!((found, probes), (Found::Unconfirmed(1000.0), 4));
    }

    #[test]
    fn a_server_that_never_holds_has_no_goodput() {
        let (found, probes) = search(&mut Search::new(1000.0, 0.02, 40), |_, _| false);
        assert_eq!(found, Found::Nothing);
        assert!(probes < 40);
    }

    #[test]
    fn what_holds_only_once_is_not_confirmed() {
        let mut first = true;
        let (found, _) = search(&mut Search::new(1000.0, 0.02, 40), |asked, rate| match asked {
            Next::Confirm(_) => !std::mem::take(&mut first) && rate < 950.0,
            _ => rate <= 1000.0,
        });
        assert!(matches!(found, Found::Confirmed(rate) if rate < 950.0), "{found:?}");
    }

    proptest! {
        #[test]
        fn finds_the_threshold(threshold in 0.1_f64..1e6, first in 0.1_f64..1e6) {
            let (found, _) = search(&mut Search::new(first, 0.02, 60), |_, rate| rate <= threshold);
            let Found::Confirmed(rate) = found else { return Err(TestCaseError::fail(format!("{found:?}"))) };
            prop_assert!(rate <= threshold && rate * 1.02 >= threshold * 0.9999, "{} {}", rate, threshold);
        }

        #[test]
        fn always_ends_and_says_only_what_was_seen(
            verdicts in proptest::collection::vec(any::<bool>(), 40),
            first in 0.001_f64..1e9,
        ) {
            let mut verdict = verdicts.iter().copied();
            let mut held = Vec::new();
            let (found, probes) = search(&mut Search::new(first, 0.02, 40), |asked, _| {
                let verdict = verdict.next().unwrap_or(false);
                held.extend(verdict.then_some(asked));
                verdict
            });
            prop_assert!(probes <= 40);
            match found {
                Found::Confirmed(rate) => prop_assert!(held.contains(&Next::Confirm(rate))),
                Found::Unconfirmed(rate) => prop_assert!(held.contains(&Next::Probe(rate))),
                Found::Nothing => {}
            }
        }
    }
}
