use super::{BATCH, Rows};
use crate::MeasureError;
use crate::strategy::{Allocation, Direct, Io, Order, Parameters, Source};
use crate::suite::{Group, Subject};

/// Threads that take buffers at once.
const CONTENDERS: usize = 8;

/// Shares of the usual time: taking a buffer takes next to none.
const ALLOCATION_WEIGHT: f64 = 0.3;

/// Buffers used again against fresh ones: with a run, without one, and by many threads at once.
pub(in crate::suite) fn pooled(subject: &Subject) -> Vec<Group<'_>> {
    let rows = subject.fitting(&[BATCH]).first().copied().unwrap_or(1);
    let with_run = Group::new("pooled", "buffers of a run", 2, move || {
        let crew = subject.crew(1)?;
        let row = |fresh: bool| {
            let buffers = if fresh { "fresh" } else { "pooled" };
            let parameters = Parameters::default().with("buffers", buffers).with("batch", rows);
            // Fresh buffers hold nothing yet, so that both copy their rows.
            let order = Order { fresh, io: Io::Host, ..subject.order("pooled", rows) };
            Direct::new(&crew, order, 1, parameters.with("run", "yes"))
        };
        Ok(vec![Box::new(row(true)), Box::new(row(false))])
    });
    if !subject.batched() {
        return vec![with_run];
    }
    let without = Group::new("pooled", "buffers alone", 4, move || -> Result<Rows<'_>, MeasureError> {
        let mut all: Rows<'_> = Vec::new();
        for threads in [1, CONTENDERS] {
            for source in [Source::Fresh, Source::Pool] {
                all.push(Box::new(Allocation::new(
                    &subject.program,
                    &subject.samples,
                    source,
                    rows,
                    threads,
                )?));
            }
        }
        Ok(all)
    });
    vec![with_run, without.weight(ALLOCATION_WEIGHT)]
}
