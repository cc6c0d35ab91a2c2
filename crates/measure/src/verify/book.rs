use std::time::Instant;

use super::finding::Finding;
use super::{Check, Level, Step, Watch};
use crate::MeasureError;

/// Where checks are carried out and their outcomes collected.
pub(super) struct Book<'a> {
    checks: Vec<Check>,
    watch: &'a mut dyn Watch,
    done: u64,
    total: u64,
}

/// The check that is being carried out: what it tells the watch.
pub(super) struct Page<'a, 'b> {
    book: &'a mut Book<'b>,
    level: Level,
    name: &'a str,
    subject: &'a str,
}

impl<'a> Book<'a> {
    pub(super) fn new(watch: &'a mut dyn Watch, total: u64) -> Self {
        Self { checks: Vec::new(), watch, done: 0, total }
    }

    /// Carries out one check, which counts as a step. An error fails it, unless it is the watch that ended it.
    pub(super) fn check(
        &mut self,
        level: Level,
        name: &str,
        subject: &str,
        check: impl FnOnce(&mut Page<'_, 'a>) -> Result<Finding, MeasureError>,
    ) -> Result<(), MeasureError> {
        let begin = Instant::now();
        let mut page = Page { book: self, level, name, subject };
        page.look()?;
        let finding = match check(&mut page) {
            Ok(finding) => finding,
            Err(MeasureError::Interrupted) => return Err(MeasureError::Interrupted),
            Err(error) => Finding::failed(error.to_string()),
        };
        self.done += 1;
        self.note(level, name, subject, finding, begin.elapsed().as_secs_f64());
        Ok(())
    }

    /// Notes what is known without a look.
    pub(super) fn note(&mut self, level: Level, name: &str, subject: &str, finding: Finding, seconds: f64) {
        let Finding { outcome, measured } = finding;
        let (name, subject) = (name.to_owned(), subject.to_owned());
        self.checks.push(Check { level, name, subject, outcome, measured, seconds });
    }

    /// Steps that were planned and are not needed.
    pub(super) fn pass_over(&mut self, steps: u64) {
        self.done += steps;
    }

    pub(super) fn into_checks(self) -> Vec<Check> {
        self.checks
    }
}

impl Page<'_, '_> {
    /// Another step of this check is done.
    ///
    /// # Errors
    /// [`MeasureError::Interrupted`] where the watch wants no more.
    pub(super) fn step(&mut self) -> Result<(), MeasureError> {
        self.book.done += 1;
        self.look()
    }

    /// Lets the watch look.
    ///
    /// # Errors
    /// [`MeasureError::Interrupted`] where it wants no more.
    pub(super) fn look(&mut self) -> Result<(), MeasureError> {
        let (done, total) = (self.book.done, self.book.total.max(self.book.done));
        let step = Step { level: self.level, name: self.name, subject: self.subject, done, total };
        if self.book.watch.step(step).is_break() { Err(MeasureError::Interrupted) } else { Ok(()) }
    }
}
