use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use phalanx_backend::{Backend, BackendError, DeviceInfo};
use phalanx_ending::Ending;

use super::child::{Answer, Ask, Listing, Request, VARIABLE};
use super::{Bench, Unlisted};
use crate::choice::task::{Attempt, Task};

/// Of what a child writes to its standard error, the last bytes that are kept.
const STDERR_BYTES_MAX: usize = 4096;
/// Read at a time.
const CHUNK_BYTES: usize = 1024;

/// Tries each candidate in a process of its own.
pub(crate) struct InChild<'a> {
    pub(crate) program: &'a Path,
    /// The onnxruntime library, where it is not to be searched for.
    pub(crate) library: Option<&'a Path>,
    pub(crate) timeout: Duration,
}

/// How a child ended: its status and the last it said; `None` where it had to be stopped.
type Ended = Option<(ExitStatus, String)>;

impl Bench for InChild<'_> {
    fn attempt(&self, task: &Task<'_>) -> Attempt {
        self.try_out(task).unwrap_or_else(|error| {
            Attempt::Failed(format!("{} could not try it: {error}", self.program.display()))
        })
    }

    fn devices(&self, backend: &dyn Backend) -> Result<Vec<DeviceInfo>, Unlisted> {
        let name = backend.name();
        let unavailable =
            |reason| Unlisted::Refused(BackendError::Unavailable { backend: name, reason, hint: None });
        let listed = self.list(name).unwrap_or_else(|error| {
            Err(Unlisted::Crashed(format!("could not be started from {}: {error}", self.program.display())))
        });
        listed?.map_err(unavailable)
    }
}

impl InChild<'_> {
    fn try_out(&self, task: &Task<'_>) -> io::Result<Attempt> {
        let folder = folder()?;
        let request = Request::write(task, self.library, folder.path())?;
        let ended = self.run(&Ask::Try(Box::new(request)))?;
        Ok(match (Answer::read(folder.path()), ended) {
            (Ok(Answer::Ran(ran)), _) => Attempt::Ran(ran),
            (Ok(Answer::Failed(reason)), _) => Attempt::Failed(reason),
            (Err(_), Some((status, stderr))) => Attempt::Crashed(describe(status, &stderr)),
            (Err(_), None) => Attempt::TimedOut(self.timeout),
        })
    }

    /// What the child answered, or why it did not.
    fn list(&self, name: &str) -> io::Result<Result<Result<Vec<DeviceInfo>, String>, Unlisted>> {
        let folder = folder()?;
        let ended = self.run(&Ask::List(Listing::new(name, self.library, folder.path())))?;
        Ok(match (Listing::read(folder.path()), ended) {
            (Ok(listed), _) => Ok(listed),
            (Err(_), Some((status, stderr))) => Err(Unlisted::Crashed(describe(status, &stderr))),
            (Err(_), None) => {
                let waited_ms = self.timeout.as_millis();
                Err(Unlisted::Crashed(format!("did not end within {waited_ms} ms")))
            }
        })
    }

    /// Runs a child to its end.
    fn run(&self, ask: &Ask) -> io::Result<Ended> {
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        let mut child = Command::new(self.program)
            .env(VARIABLE, "1")
            // The last line of a panic is to be its message.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        // Open until the child has ended: it takes the end of its input for the end of this process.
        let mut input = child.stdin.take();
        if let Some(input) = &mut input {
            // A child that has ended already does not read it; how it ended says more.
            let _ = input.write_all(&line);
        }
        let ended = self.wait(&mut child)?;
        drop(input);
        Ok(ended)
    }

    fn wait(&self, child: &mut Child) -> io::Result<Ended> {
        let stderr = child.stderr.take().map(tail).transpose()?;
        let closed = stderr.map(|stderr| stderr.recv_timeout(self.timeout));
        if let Some(Ok(stderr)) = closed {
            return Ok(Some((child.wait()?, stderr)));
        }
        // It may have ended and left its standard error to a process of its own.
        if let Some(status) = child.try_wait()? {
            return Ok(Some((status, String::new())));
        }
        child.kill()?;
        child.wait()?;
        Ok(None)
    }
}

fn folder() -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("phalanx-trial-").tempdir()
}

/// The end of what is read until nobody writes any more, which comes when the process has ended.
fn tail(mut stderr: ChildStderr) -> io::Result<Receiver<String>> {
    let (sender, receiver) = mpsc::channel();
    let read = move || {
        let (mut kept, mut chunk) = (Vec::new(), [0; CHUNK_BYTES]);
        loop {
            match stderr.read(&mut chunk) {
                Ok(bytes @ 1..) => kept.extend_from_slice(&chunk[..bytes]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
            }
            let surplus = kept.len().saturating_sub(STDERR_BYTES_MAX);
            kept.drain(..surplus);
        }
        // Nobody listens where the child was stopped.
        let _ = sender.send(String::from_utf8_lossy(&kept).into_owned());
    };
    thread::Builder::new().name("phalanx-trial".to_owned()).spawn(read)?;
    Ok(receiver)
}

/// How a process without an answer ended, with its last line.
fn describe(status: ExitStatus, stderr: &str) -> String {
    let how = Ending::of(status);
    // Behind a panic's message comes a note on how to have its backtrace printed.
    let is_said = |line: &&str| !line.is_empty() && !line.starts_with("note: ");
    match stderr.lines().map(str::trim).rfind(is_said) {
        Some(line) => format!("{how} and said: {line}"),
        None => how.to_string(),
    }
}
