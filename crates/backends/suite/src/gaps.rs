use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{CASES, Subject};

/// Runs the case of this name on `subject`, the other way round where it is a known gap. No subject, no check.
///
/// # Panics
/// Where the case fails, where a known gap passes, and where the gaps or `name` name no case.
pub fn check(subject: impl Into<Option<Subject>>, name: &str) {
    let Some(subject) = subject.into() else { return };
    for (gap, _) in subject.gaps {
        assert!(CASES.iter().any(|case| case.name == *gap), "there is no case {gap:?} that could be a gap");
    }
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name:?}"));
    match subject.gaps.iter().find(|(gap, _)| *gap == name) {
        None => (case.run)(&subject),
        Some((_, reason)) => {
            let passed = catch_unwind(AssertUnwindSafe(|| (case.run)(&subject))).is_ok();
            assert!(!passed, "{name} passes now: take it off the list of gaps ({reason})");
        }
    }
}
