use std::str::FromStr;
use std::time::Duration;

use super::rule::Wrong;

const ACTIONS: &str = "crash, segv, kill, exit=CODE, panic, hang, fail, lose, slow=MS, leak=BYTES or \
                       lie=position:P,element:E,by:X";

/// One way to misbehave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Crash,
    Segv,
    Kill,
    Exit(u8),
    Panic,
    Hang,
    Fail,
    Lose,
    Slow(Duration),
    Leak { bytes: usize },
    Lie(Lie),
}

/// Which element of a batch's first output is off, and by how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lie {
    pub(crate) position: usize,
    pub(crate) element: usize,
    pub(crate) by: f64,
}

impl Action {
    pub(super) fn read(text: &str) -> Result<Self, Wrong> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        match (name, value) {
            ("crash", None) => Ok(Self::Crash),
            ("segv", None) => Ok(Self::Segv),
            ("kill", None) => Ok(Self::Kill),
            ("panic", None) => Ok(Self::Panic),
            ("hang", None) => Ok(Self::Hang),
            ("fail", None) => Ok(Self::Fail),
            ("lose", None) => Ok(Self::Lose),
            ("lie", value) => lie(value.unwrap_or_default()).map(Self::Lie),
            ("exit", Some(value)) => number(value, "an exit code from 0 to 255").map(Self::Exit),
            ("slow", Some(value)) => number(value, "milliseconds").map(Duration::from_millis).map(Self::Slow),
            ("leak", Some(value)) => number(value, "bytes").map(|bytes| Self::Leak { bytes }),
            _ => Err((ACTIONS, text.to_owned())),
        }
    }
}

fn lie(text: &str) -> Result<Lie, Wrong> {
    let mut lie = Lie { position: 0, element: 0, by: 1.0 };
    for part in text.split(',').filter(|part| !part.is_empty()) {
        match part.split_once(':') {
            Some(("position", value)) => lie.position = number(value, "the index of a row")?,
            Some(("element", value)) => lie.element = number(value, "the index of an element")?,
            Some(("by", value)) => lie.by = finite(value)?,
            _ => return Err(("position:P, element:E or by:X", part.to_owned())),
        }
    }
    Ok(lie)
}

pub(super) fn number<T: FromStr>(text: &str, expected: &'static str) -> Result<T, Wrong> {
    text.parse().map_err(|_| (expected, text.to_owned()))
}

pub(super) fn finite(text: &str) -> Result<f64, Wrong> {
    let value: f64 = number(text, "a finite number")?;
    if value.is_finite() { Ok(value) } else { Err(("a finite number", text.to_owned())) }
}
