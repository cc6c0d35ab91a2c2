use super::{Ceilings, Rig, Work, cache};
use crate::MeasureError;
use crate::report::Row;

/// Holds every row against the ceilings of the device.
pub struct Gate {
    work: Work,
    ceilings: Ceilings,
    /// What a ceiling that a row is above is measured again on; none where it cannot be.
    rig: Option<Rig>,
    retries_left: usize,
}

/// How often ceilings are measured again for the sake of rows that are above them.
const RETRIES: usize = 3;

impl Gate {
    /// A gate for a model's work. With `rig`, ceilings that a row is above are measured again before the row is
    /// refused, a few times: the machine may have been busy when they were.
    #[must_use]
    pub fn new(work: Work, ceilings: Ceilings, rig: Option<Rig>) -> Self {
        Self { work, ceilings, rig, retries_left: RETRIES }
    }

    /// The ceilings.
    #[must_use]
    pub fn ceilings(&self) -> &Ceilings {
        &self.ceilings
    }

    /// What is counted of the model.
    #[must_use]
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Fills in what the row computed and moved, and its shares of the ceilings.
    ///
    /// # Errors
    /// [`MeasureError::AboveCeiling`], with the row's name, where it claims more than the device can.
    pub fn judge(&mut self, row: &mut Row) -> Result<(), MeasureError> {
        let mut above = self.fill(row);
        while above.is_some()
            && self.retries_left > 0
            && let Some(rig) = &self.rig
        {
            self.ceilings = cache::measured_again(rig, Some(self.ceilings.clone()))?;
            self.retries_left -= 1;
            above = self.fill(row);
        }
        above.map_or(Ok(()), Err)
    }

    /// Measures the ceilings once more, after all rows, for the sake of those that were refused: the machine may have
    /// been busy for long.
    ///
    /// # Errors
    /// As [`Ceilings::measure`].
    pub fn measure_again(&mut self) -> Result<(), MeasureError> {
        if let Some(rig) = &self.rig {
            self.ceilings = cache::measured_again(rig, Some(self.ceilings.clone()))?;
        }
        Ok(())
    }

    /// Fills in the shares of rows that were judged before, since ceilings may have been measured again.
    pub fn fill_shares(&self, rows: &mut [Row]) {
        let judged = rows.iter_mut().filter(|row| row.flop_per_s.is_some());
        judged.for_each(|row| drop(self.fill(row)));
    }

    fn fill(&self, row: &mut Row) -> Option<MeasureError> {
        let rate = row.samples_per_s?;
        let batches_per_s = row.batch_mean.filter(|rows| *rows > 0.0).map_or(0.0, |rows| rate / rows);
        let flop_per_s = rate * self.work.flop_per_row;
        let bytes_per_s = rate * self.work.bytes_per_row + batches_per_s * self.work.bytes_per_batch;
        let rows = row.batch_mean.unwrap_or(1.0);
        let working_set_bytes = self.work.bytes_per_batch + rows * self.work.bytes_per_row;
        row.flop_per_s = Some(flop_per_s);
        row.bytes_per_s = Some(bytes_per_s);
        row.of_flop_ceiling = Some(flop_per_s / self.ceilings.flop_per_s);
        let bytes_ceiling = self.ceilings.bytes_per_s(working_set_bytes)?;
        row.of_bytes_ceiling = Some(bytes_per_s / bytes_ceiling);
        row.of_ceiling = row.of_flop_ceiling.into_iter().chain(row.of_bytes_ceiling).reduce(f64::max);
        let refuse = |unit, got, ceiling| {
            let row = row.name();
            Some(MeasureError::AboveCeiling { row, unit, got, ceiling })
        };
        if flop_per_s > self.ceilings.flop_per_s {
            refuse("FLOP/s", flop_per_s, self.ceilings.flop_per_s)
        } else if bytes_per_s > bytes_ceiling {
            refuse("bytes/s", bytes_per_s, bytes_ceiling)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::MovedAt;

    fn gate() -> Gate {
        let moved = vec![MovedAt { bytes: 0.0, bytes_per_s: 1e9 }];
        let ceilings = Ceilings { flop_per_s: 1e9, flop_by: "a product".to_owned(), moved };
        Gate::new(Work { flop_per_row: 1e6, bytes_per_row: 1e3, bytes_per_batch: 1e5 }, ceilings, None)
    }

    fn row(rate: f64, batch: f64) -> Row {
        let parameters = crate::strategy::Parameters::default().scaled("threads", 8);
        Row {
            strategy: "threads",
            parameters,
            samples_per_s: Some(rate),
            batch_mean: Some(batch),
            ..Row::default()
        }
    }

    #[test]
    fn a_row_below_the_ceilings_is_told_its_shares() {
        let mut honest = row(500.0, 10.0);
        gate().judge(&mut honest).unwrap();
        assert_eq!((honest.flop_per_s, honest.of_flop_ceiling), (Some(5e8), Some(0.5)));
        assert_eq!(honest.bytes_per_s, Some(500.0 * 1e3 + 50.0 * 1e5));
        assert_eq!(honest.of_ceiling, Some(0.5));
    }

    #[test]
    fn a_row_above_one_is_refused_by_name() {
        let error = gate().judge(&mut row(1001.0, 10.0)).unwrap_err().to_string();
        assert!(error.starts_with("threads with threads 8: 1.00 GFLOP/s"), "{error}");
        // Few operations, many weights: batches of one row read them all each time.
        let mut gate = gate();
        gate.work.bytes_per_batch = 1e7;
        let error = gate.judge(&mut row(500.0, 1.0)).unwrap_err().to_string();
        assert!(error.contains("bytes/s"), "{error}");
    }
}
