use std::path::{Path, PathBuf};

/// What Linux does with the memory of a process that crashed: `kernel.core_pattern`, as core(5) describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CorePattern {
    /// Nothing.
    Nothing,
    /// It hands it to this program.
    Pipe { handler: String },
    /// It writes it to a file.
    File {
        /// The folder; the one that the process was in where this is relative.
        folder: PathBuf,
        /// The file's name, with specifiers that begin with a per cent sign.
        name: String,
        /// Whether a dot and the process id are added to a name without `%p`.
        appends_pid: bool,
    },
}

impl CorePattern {
    /// Reads the contents of `kernel.core_pattern`, and of `kernel.core_uses_pid`.
    pub(super) fn parse(pattern: &str, uses_pid: &str) -> Self {
        let pattern = pattern.trim_end_matches('\n');
        if let Some(command) = pattern.strip_prefix('|') {
            let handler = command.split_whitespace().next().unwrap_or_default().to_owned();
            return Self::Pipe { handler };
        }
        let path = Path::new(pattern);
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Self::Nothing };
        Self::File {
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            name: name.to_owned(),
            appends_pid: uses_pid.trim() == "1" && !pattern.contains("%p"),
        }
    }
}

/// Whether a file called `name` can be the core of the process `pid` by the pattern `pattern`.
pub(super) fn is_core_of(name: &str, pattern: &str, appends_pid: bool, pid: u32) -> bool {
    if appends_pid && fits(name, &format!("{pattern}.%p"), pid) {
        return true;
    }
    fits(name, pattern, pid)
}

fn fits(name: &str, pattern: &str, pid: u32) -> bool {
    let mut characters = pattern.chars();
    match characters.next() {
        None => name.is_empty(),
        Some('%') => {
            let specifier = characters.next();
            let rest = characters.as_str();
            match specifier {
                // A single one at the end is dropped.
                None => name.is_empty(),
                Some('%') => name.strip_prefix('%').is_some_and(|name| fits(name, rest, pid)),
                // Within a container the system counts processes otherwise: %P is the number outside.
                Some('p' | 'i') => {
                    name.strip_prefix(&pid.to_string()).is_some_and(|name| fits(name, rest, pid))
                }
                Some(_) => (0..=name.len())
                    .filter(|&end| name.is_char_boundary(end))
                    .any(|end| fits(&name[end..], rest, pid)),
            }
        }
        Some(first) => name.strip_prefix(first).is_some_and(|name| fits(name, characters.as_str(), pid)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_files_or_programs() {
        let file = |folder: &str, name: &str, appends_pid| CorePattern::File {
            folder: folder.into(),
            name: name.to_owned(),
            appends_pid,
        };
        assert_eq!(CorePattern::parse("core\n", "0\n"), file("", "core", false));
        assert_eq!(CorePattern::parse("core\n", "1\n"), file("", "core", true));
        assert_eq!(CorePattern::parse("/var/crash/%e.%p\n", "1"), file("/var/crash", "%e.%p", false));
        assert_eq!(CorePattern::parse("\n", "0"), CorePattern::Nothing);
        let systemd = "|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h\n";
        let handler = "/usr/lib/systemd/systemd-coredump".to_owned();
        assert_eq!(CorePattern::parse(systemd, "0"), CorePattern::Pipe { handler });
    }

    #[test]
    fn cores_are_known_by_their_names() {
        assert!(is_core_of("core", "core", false, 42));
        assert!(is_core_of("core.42", "core", true, 42));
        assert!(is_core_of("core.phalanx.42.host", "core.%e.%p.%h", false, 42));
        assert!(is_core_of("100%.42", "100%%.%p", false, 42));
        assert!(is_core_of("42.é.1700000000", "%p.%e.%t", false, 42));
        assert!(!is_core_of("core.43", "core", true, 42));
        assert!(!is_core_of("core.phalanx.43", "core.%e.%p", false, 42));
        assert!(!is_core_of("score", "core", false, 42));
    }
}
