use std::io::Read;
use std::path::Path;

use super::place;
use super::trace::{Suspect, Trace, files_since};

/// Bytes of a report that are read.
const REPORT_BYTES_MAX: u64 = 1 << 20;

/// The reports that macOS has written of a crash, of each folder the newest first.
pub(super) fn find(suspect: &Suspect) -> Vec<Trace> {
    place::diagnostic_reports().iter().flat_map(|folder| find_in(folder, suspect)).collect()
}

fn find_in(folder: &Path, suspect: &Suspect) -> Vec<Trace> {
    let files = files_since(folder, suspect.since).into_iter();
    let reports = files.filter(|(name, ..)| is_report_of(name, suspect.name()));
    reports
        .filter_map(|(_, path, bytes)| {
            let text = read(&path)?;
            suspect.pid.is_none_or(|pid| names_pid(&text, pid)).then(|| Trace {
                kind: "diagnostic report",
                source: path.display().to_string(),
                bytes: Some(bytes),
                text: Some(text),
            })
        })
        .collect()
}

/// Reports are called `NAME-DATE.ips`, before macOS 12 `NAME_DATE_HOST.crash`.
fn is_report_of(file: &str, program: &str) -> bool {
    let is_report = file.ends_with(".ips") || file.ends_with(".crash");
    let rest = file.strip_prefix(program).unwrap_or_default();
    !program.is_empty() && is_report && rest.starts_with(['-', '_'])
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(REPORT_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a report says `"pid" : N`, or `[N]` in the older form.
fn names_pid(text: &str, pid: u32) -> bool {
    let packed: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let ends = [",", "}"].map(|end| format!("\"pid\":{pid}{end}"));
    ends.iter().chain([&format!("[{pid}]")]).any(|words| packed.contains(words.as_str()))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_report_of_the_process_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("phalanx-2026-01-01-120000.ips", "{\"app_name\":\"phalanx\"}\n{\n  \"pid\" : 42,\n}");
        write("phalanx-2026-01-01-120001.ips", "{}\n{ \"pid\" : 421 }");
        write("phalanx_2026-01-01_host.crash", "Process: phalanx [42]");
        write("phalanxes-2026-01-01-120000.ips", "{\"pid\":42}");
        write("phalanx-notes.txt", "{\"pid\":42}");
        let mut suspect = Suspect {
            pid: Some(42),
            program: "/opt/phalanx".into(),
            folder: "/".into(),
            since: SystemTime::UNIX_EPOCH,
        };
        let mut found: Vec<String> =
            find_in(folder.path(), &suspect).into_iter().map(|trace| trace.source).collect();
        found.sort();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with("phalanx-2026-01-01-120000.ips") && found[1].ends_with(".crash"));
        suspect.since = SystemTime::now() + std::time::Duration::from_secs(3600);
        assert!(find_in(folder.path(), &suspect).is_empty());
    }
}
