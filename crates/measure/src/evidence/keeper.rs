use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use serde::Serialize;

use super::core_pattern::CorePattern;
use super::place;
use super::trace::{Suspect, Trace};
use crate::crash::{ChildLimits, Ending, run};

/// The journal is searched, which takes a while where it is large.
const TIME: Duration = Duration::from_secs(20);

/// What becomes of crashes on this system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Keeper {
    /// Who keeps them and where, in words.
    pub keeps: String,
    /// What the user can do to have more kept.
    pub hint: Option<String>,
}

impl Keeper {
    /// Looks at this system.
    #[must_use]
    pub fn here() -> Self {
        Self::of(&place::core_pattern(), place::diagnostic_reports().len(), getrlimit(Resource::Core).current)
    }

    fn of(pattern: &CorePattern, report_folders: usize, core_bytes_max: Option<u64>) -> Self {
        if report_folders > 0 {
            return Self { keeps: "diagnostic reports of macOS".to_owned(), hint: None };
        }
        match pattern {
            CorePattern::Nothing => Self {
                keeps: "nothing".to_owned(),
                hint: Some(
                    "sysctl kernel.core_pattern=core.%p has memory written where it crashed".to_owned(),
                ),
            },
            CorePattern::Pipe { handler } => Self { keeps: format!("{handler} does"), hint: None },
            CorePattern::File { folder, name, .. } => {
                let file = folder.join(name);
                let hint = "`ulimit -c unlimited` before has core files written".to_owned();
                Self {
                    keeps: format!("core files called {}", file.display()),
                    hint: (core_bytes_max == Some(0)).then_some(hint),
                }
            }
        }
    }
}

/// Whether it is kept by a program that does so after the crash.
pub(super) fn is_late() -> bool {
    is_systemd(&place::core_pattern()) || !place::diagnostic_reports().is_empty()
}

fn is_systemd(pattern: &CorePattern) -> bool {
    matches!(pattern, CorePattern::Pipe { handler } if handler.contains("systemd-coredump"))
}

/// What systemd tells of a crash: signal, modules and stack.
pub(super) fn told(suspect: &Suspect) -> Option<Trace> {
    if !is_systemd(&place::core_pattern()) {
        return None;
    }
    // Ids come again: an older crash of the same number is another one.
    let seconds = suspect.since.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let since = format!("--since=@{seconds}");
    let which = suspect.pid.map_or_else(|| suspect.name().to_owned(), |pid| pid.to_string());
    let args = ["info", "--no-pager", "--quiet", "-1", &since, &which];
    let limits = ChildLimits { time: TIME, ..ChildLimits::default() };
    let run = run(Command::new("coredumpctl").args(args), &limits).ok()?;
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    (run.ending == Ending::Exited { code: 0 } && !text.trim().is_empty()).then(|| Trace {
        kind: "coredumpctl",
        source: format!("coredumpctl {}", args.join(" ")),
        bytes: None,
        text: Some(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_to_do_where_nothing_is_kept() {
        let file = CorePattern::parse("core\n", "0");
        let keeper = Keeper::of(&file, 0, Some(0));
        assert!(keeper.hint.is_some_and(|hint| hint.contains("ulimit")) && keeper.keeps.ends_with("core"));
        assert_eq!(Keeper::of(&file, 0, None).hint, None);
        assert!(Keeper::of(&CorePattern::Nothing, 0, None).hint.is_some());
        assert!(Keeper::of(&CorePattern::Nothing, 2, None).keeps.contains("macOS"));
        let pipe = CorePattern::parse("|/usr/lib/systemd/systemd-coredump %P", "0");
        assert!(is_systemd(&pipe) && !is_systemd(&CorePattern::parse("|/usr/share/apport/apport %p", "0")));
    }
}
