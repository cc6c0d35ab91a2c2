use super::core_pattern::{CorePattern, is_core_of};
use super::trace::{Suspect, Trace, files_since};
use super::{debugger, place};

/// The core file of a crash, and the stack in it where a debugger is here.
pub(super) fn find(suspect: &Suspect) -> Vec<Trace> {
    let (Some(pid), CorePattern::File { folder, name, appends_pid }) = (suspect.pid, place::core_pattern())
    else {
        return Vec::new();
    };
    let folder = suspect.folder.join(folder);
    let files = files_since(&folder, suspect.since);
    let core = files.into_iter().find(|(file, ..)| is_core_of(file, &name, appends_pid, pid));
    let Some((_, path, bytes)) = core else { return Vec::new() };
    let file =
        Trace { kind: "core file", source: path.display().to_string(), bytes: Some(bytes), text: None };
    std::iter::once(file).chain(debugger::stack(&suspect.program, &path)).collect()
}
