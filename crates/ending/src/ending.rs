use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde::Serialize;

use crate::signal::{reported_by, signal_name};

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Ending {
    /// By itself.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// By a signal.
    Killed {
        /// The signal's name, such as `SIGSEGV`.
        signal: String,
        /// Its number.
        number: i32,
        /// Whether the system says that it has written the process's memory to a file.
        core_dumped: bool,
    },
    /// It was still running when its time was over, and was killed.
    Hung {
        /// The time it had, in milliseconds.
        after_ms: u64,
    },
}

impl Ending {
    /// That of a process that was waited for.
    #[must_use]
    pub fn of(status: ExitStatus) -> Self {
        match status.signal() {
            Some(number) => {
                Self::Killed { signal: signal_name(number), number, core_dumped: status.core_dumped() }
            }
            None => Self::Exited { code: status.code().unwrap_or(-1) },
        }
    }

    /// The signal that ended it, or a command that it waited for: shells report that as an exit code of 128 and the
    /// number, which is only taken for it where the signal is one that faults raise.
    #[must_use]
    pub fn signal(&self) -> Option<String> {
        match self {
            Self::Exited { code } => reported_by(*code).map(signal_name),
            Self::Killed { signal, .. } => Some(signal.clone()),
            Self::Hung { .. } => None,
        }
    }

    /// Whether it ended by itself, with whatever exit code.
    #[must_use]
    pub fn is_orderly(&self) -> bool {
        matches!(self, Self::Exited { .. }) && self.signal().is_none()
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.signal()) {
            (Self::Exited { code }, Some(signal)) => {
                write!(f, "exited with code {code}, a shell's word for {signal}")
            }
            (Self::Exited { code }, None) => write!(f, "exited with code {code}"),
            (Self::Killed { signal, core_dumped, .. }, _) => {
                write!(f, "was killed by {signal}{}", if *core_dumped { ", core dumped" } else { "" })
            }
            (Self::Hung { after_ms }, _) => write!(f, "hung for {} s", *after_ms as f64 / 1000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_told_apart() {
        let exited = Ending::of(ExitStatus::from_raw(3 << 8));
        assert_eq!(exited, Ending::Exited { code: 3 });
        assert!(exited.is_orderly());
        let killed = Ending::of(ExitStatus::from_raw(11 | 0x80));
        assert_eq!(killed.to_string(), "was killed by SIGSEGV, core dumped");
        let shell = Ending::Exited { code: 139 };
        assert_eq!(shell.signal().as_deref(), Some("SIGSEGV"));
        for ending in [killed, shell, Ending::Hung { after_ms: 1 }] {
            assert!(!ending.is_orderly(), "{ending}");
        }
    }
}
