use std::time::Duration;

use super::Distribution;
use crate::remote::outcome::{Refusal, Status};

/// Kinds of refusals that are told apart: each keeps histograms. What comes beyond them is counted by its status.
const KINDS_MAX: usize = 16;

/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 120;

/// What refusals with one status and reason have in common.
#[derive(Clone, Debug)]
pub(crate) struct RefusalKind {
    pub(crate) status: Status,
    /// The reason, with its numbers left out; empty where the kinds were too many to keep theirs.
    pub(crate) reason: String,
    pub(crate) count: u64,
    /// From when the request was due to the refusal.
    pub(crate) latency: Distribution,
    /// From when it was sent.
    pub(crate) since_sent: Distribution,
    /// The shortest and the longest time after which it may be tried again.
    pub(crate) retry_after: Option<(Duration, Duration)>,
    pub(crate) with_retry_after: u64,
}

impl RefusalKind {
    fn new(status: Status, reason: String) -> Self {
        Self {
            status,
            reason,
            count: 0,
            latency: Distribution::default(),
            since_sent: Distribution::default(),
            retry_after: None,
            with_retry_after: 0,
        }
    }

    pub(super) fn count(&mut self, latency: Duration, since_sent: Option<Duration>, retry: Option<Duration>) {
        self.count += 1;
        self.latency.record(latency);
        since_sent.into_iter().for_each(|time| self.since_sent.record(time));
        if let Some(retry) = retry {
            self.with_retry_after += 1;
            let (low, high) = self.retry_after.unwrap_or((retry, retry));
            self.retry_after = Some((low.min(retry), high.max(retry)));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.with_retry_after += other.with_retry_after;
        self.latency.merge(&other.latency);
        self.since_sent.merge(&other.since_sent);
        self.retry_after = match (self.retry_after, other.retry_after) {
            (Some((low, high)), Some((lower, higher))) => Some((low.min(lower), high.max(higher))),
            (one, other) => one.or(other),
        };
    }
}

/// The kind of `refusal` among those known, or a new one.
pub(super) fn kind<'a>(kinds: &'a mut Vec<RefusalKind>, refusal: &Refusal) -> &'a mut RefusalKind {
    of(kinds, refusal.status, without_numbers(&refusal.reason))
}

/// The kind with this status and reason among those known, or a new one.
pub(super) fn of(kinds: &mut Vec<RefusalKind>, status: Status, reason: String) -> &mut RefusalKind {
    let find = |kinds: &[RefusalKind], reason: &str| {
        kinds.iter().position(|kind| kind.status == status && kind.reason == reason)
    };
    let index = match find(kinds, &reason) {
        Some(index) => index,
        None if kinds.len() < KINDS_MAX => add(kinds, status, reason),
        // There are only so many statuses, which bounds what comes on top.
        None => find(kinds, "").unwrap_or_else(|| add(kinds, status, String::new())),
    };
    &mut kinds[index]
}

fn add(kinds: &mut Vec<RefusalKind>, status: Status, reason: String) -> usize {
    kinds.push(RefusalKind::new(status, reason));
    kinds.len() - 1
}

/// Units of time, as durations are written.
const UNITS: [&str; 5] = ["ns", "µs", "us", "ms", "s"];

/// A text in which every number, with its unit where that is one of time, has become `#`: texts of one kind become
/// the same.
fn without_numbers(text: &str) -> String {
    let text: String = text.chars().take(REASON_CHARS_MAX).collect();
    let mut kept = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(begin) = rest.find(|character: char| character.is_ascii_digit()) {
        kept.push_str(&rest[..begin]);
        kept.push('#');
        rest = rest[begin..]
            .trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
        let word = rest.find(|character: char| !character.is_alphabetic()).unwrap_or(rest.len());
        if UNITS.contains(&&rest[..word]) {
            rest = &rest[word..];
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, reason: &str) -> Refusal {
        Refusal { status: Status::Http(status), reason: reason.to_owned(), retry_after: None }
    }

    #[test]
    fn numbers_do_not_make_a_reason_another() {
        assert_eq!(without_numbers("12 rows wait, 3.5 ms left (x2)"), "# rows wait, # ms left (x#)");
        for late in ["too late by 3.5ms", "too late by 12µs", "too late by 1s", "too late by 7"] {
            assert_eq!(without_numbers(late), "too late by #");
        }
        let mut kinds = Vec::new();
        for reason in ["queue of 8 is full", "queue of 16 is full", "too late"] {
            let kind = kind(&mut kinds, &refusal(429, reason));
            kind.count(Duration::from_millis(1), None, Some(Duration::from_secs(2)));
        }
        let seen: Vec<_> = kinds.iter().map(|kind| (&*kind.reason, kind.count)).collect();
        assert_eq!(seen, [("queue of # is full", 2), ("too late", 1)]);
        assert_eq!(kinds[0].retry_after, Some((Duration::from_secs(2), Duration::from_secs(2))));
    }

    #[test]
    fn kinds_without_end_are_counted_by_their_status() {
        let mut kinds = Vec::new();
        for letter in 'a'..='z' {
            for status in [429, 503] {
                kind(&mut kinds, &refusal(status, &letter.to_string())).count(Duration::ZERO, None, None);
            }
        }
        assert_eq!(kinds.len(), KINDS_MAX + 2);
        assert_eq!(kinds.iter().map(|kind| kind.count).sum::<u64>(), 52);
    }
}
