use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Prints where Python looks for packages, one folder a line.
const SCRIPT: &str = r"import sys; print('\n'.join(sys.path))";

/// How long Python may take: a start from a slow disk is one second.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Where the `python3` of this environment looks for packages. It is started once a process.
pub(super) fn search_path() -> &'static [PathBuf] {
    static FOLDERS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    FOLDERS.get_or_init(|| {
        let answer = ask(Command::new("python3").args(["-c", SCRIPT]), ANSWER_TIMEOUT);
        let folders = answer.map(|answer| folders(&answer));
        folders.unwrap_or_else(|error| {
            tracing::debug!(%error, "python3 was not asked for its packages");
            Vec::new()
        })
    })
}

/// What `command` prints, if it closes its output in time. It has ended when this returns.
fn ask(command: &mut Command, timeout: Duration) -> io::Result<Vec<u8>> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let answer = read_apart(&mut child).map(|answer| answer.recv_timeout(timeout));
    // One that has answered may still hang in its own shutdown.
    child.kill()?;
    child.wait()?;
    answer?.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))
}

/// Reads what `child` prints on a thread of its own, so that the wait can end.
fn read_apart(child: &mut Child) -> io::Result<Receiver<Vec<u8>>> {
    let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (sender, receiver) = channel();
    std::thread::Builder::new().name("python3".to_owned()).spawn(move || {
        let mut answer = Vec::new();
        if stdout.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).is_ok() {
            // Nobody listens any more after a timeout.
            let _ = sender.send(answer);
        }
    })?;
    Ok(receiver)
}

/// The folders in an answer. An empty line would be the working directory, where anybody may have put a library.
fn folders(answer: &[u8]) -> Vec<PathBuf> {
    let lines = answer.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| PathBuf::from(OsStr::from_bytes(line))).filter(|path| path.is_absolute()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_directory_is_left_out() {
        let answer = b"\n/usr/lib/python3\nrelative\n/opt/site packages\n";
        assert_eq!(folders(answer), [PathBuf::from("/usr/lib/python3"), "/opt/site packages".into()]);
        assert!(folders(b"").is_empty());
    }

    #[test]
    fn a_program_that_is_missing_silent_or_endless_is_survived() {
        let missing = ask(&mut Command::new("no-such-python3"), ANSWER_TIMEOUT).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let silent = ask(Command::new("sleep").arg("600"), Duration::from_millis(50)).unwrap_err();
        assert_eq!(silent.kind(), io::ErrorKind::TimedOut);
        let endless = ask(&mut Command::new("yes"), ANSWER_TIMEOUT).unwrap();
        assert_eq!(endless.len() as u64, ANSWER_BYTES_MAX);
    }
}
