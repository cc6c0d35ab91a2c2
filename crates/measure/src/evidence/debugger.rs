use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::trace::Trace;
use crate::crash::{ChildLimits, Ending, run};

/// A core of many gigabytes is not worth waiting for.
const TIME: Duration = Duration::from_secs(30);

/// Bytes of a stack that are kept.
const STACK_BYTES_MAX: usize = 64 << 10;

/// What gdb says of the threads in a core file; nothing where there is no gdb, or it cannot read it.
pub(super) fn stack(program: &Path, core: &Path) -> Option<Trace> {
    let mut command = Command::new("gdb");
    // `-nx`: no file of the user's, or of the folder's, is executed.
    command.args([
        "-nx",
        "-batch",
        "-ex",
        "set debuginfod enabled off",
        "-ex",
        "thread apply all backtrace 30",
    ]);
    let program = on_path(program);
    command.arg(&program).arg(core);
    let limits = ChildLimits { time: TIME, stdout_bytes_max: STACK_BYTES_MAX, ..ChildLimits::default() };
    let run = run(&mut command, &limits).ok()?;
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    let is_good = run.ending == Ending::Exited { code: 0 } && text.contains("#0");
    is_good.then(|| Trace {
        kind: "stack",
        source: format!("gdb {} {}", program.display(), core.display()),
        bytes: None,
        text: Some(text),
    })
}

/// The file that `program` names to a shell, with its symbols.
fn on_path(program: &Path) -> PathBuf {
    let is_bare = program.components().count() == 1;
    let folders = std::env::var_os("PATH").filter(|_| is_bare).unwrap_or_default();
    let found =
        std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| program.to_owned())
}
