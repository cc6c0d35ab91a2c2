use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, absolute};
use std::process::{Command, Stdio};
use std::sync::Arc;

use phalanx_backend::BackendError;

use super::system::Process;
use super::{OomKills, Worker, spawner, stderr};
use crate::child::{VARIABLE, VARIABLE_VALUE};
use crate::memory::{Region, StatusPage};
use crate::wire::{
    Channel, Frame, Greeting, Kind, MESSAGE_BYTES_MAX, PROTOCOL, Ready, Start, WireError, WireModel,
    WireOptions, decode, encode, is_closed,
};
use crate::{Recipe, WorkerError, WorkerOptions};

/// Why a worker that was started is of no use.
enum Unfit {
    /// It closed its socket.
    Closed,
    /// It said nothing in time, or something else.
    Mute,
    /// It is of another version.
    Version(String),
    /// It could not prepare the model.
    Refused(BackendError),
    /// This process failed.
    System(WorkerError),
}

impl Worker {
    /// Starts a process and tells it what to prepare.
    ///
    /// # Errors
    /// [`WorkerError::System`], [`WorkerError::Spawn`].
    pub(crate) fn spawn(recipe: &Recipe, options: &WorkerOptions) -> Result<Arc<Self>, WorkerError> {
        let (control, theirs) = Channel::pair().map_err(WorkerError::system("make a socket"))?;
        let (bell, their_bell) = Channel::pair().map_err(WorkerError::system("make a socket"))?;
        let status = StatusPage::new().map_err(WorkerError::system("share memory"))?;
        let (output, write) = io::pipe().map_err(WorkerError::system("make a pipe"))?;
        let write_too = write.try_clone().map_err(WorkerError::system("make a pipe"))?;
        let mut command = Command::new(&options.exe);
        command.args(&options.args).env(VARIABLE, VARIABLE_VALUE);
        // Standard output belongs to the parent's own data.
        command.stdin(Stdio::from(theirs.into_socket())).stdout(write).stderr(write_too);
        // A terminal's Ctrl-C is for the parent, which ends its workers when it has finished what they run.
        command.process_group(0);
        let spawn_error =
            |error: io::Error| WorkerError::Spawn { exe: options.exe.clone(), message: error.to_string() };
        let process = Process::new(spawner::spawn(command).map_err(spawn_error)?);
        let tail = Arc::default();
        let reading = stderr::start(Arc::clone(&tail), output, process.id());
        let worker = Arc::new(Self::new(process, (control, bell), status, tail));
        let told = reading
            .and_then(|()| worker.set_control_timeout(options.greeting_timeout))
            .and_then(|()| worker.send_start(recipe, &their_bell));
        match told {
            Ok(()) => Ok(worker),
            // It died at once: what it says instead of a greeting tells more.
            Err(error) if is_closed(&error) => Ok(worker),
            Err(error) => {
                worker.kill(super::Reason::Closed);
                worker.wait_for_end(&OomKills::new());
                Err(WorkerError::system("pass the model on")(error))
            }
        }
    }

    fn send_start(&self, recipe: &Recipe, bell: &Channel) -> io::Result<()> {
        let (model, memory) = model(recipe)?;
        let start = Start {
            backend: recipe.backend.clone(),
            library: recipe.library.as_deref().map(Into::into),
            device: recipe.device.to_string(),
            options: WireOptions::from(&recipe.options),
            model,
            parent_pid: rustix::process::getpid().as_raw_pid(),
        };
        let status = self.status.descriptor().expect("the page was made here");
        let mut descriptors = vec![bell.as_fd(), status];
        descriptors.extend(memory.as_ref().and_then(Region::descriptor));
        self.control.send_descriptors(Frame::new(Kind::Start, 0), &encode(&start), &descriptors)
    }

    /// Waits until the worker has prepared the model. One that does not is ended here.
    ///
    /// # Errors
    /// Every [`WorkerError`] of a start.
    pub(crate) fn wait_until_ready(
        &self,
        recipe: &Recipe,
        options: &WorkerOptions,
        oom: &OomKills,
    ) -> Result<Ready, WorkerError> {
        let mut has_greeted = false;
        let unfit = match self.prepared(recipe, options, &mut has_greeted) {
            Ok(ready) => return Ok(ready),
            Err(unfit) => unfit,
        };
        // One that closed its socket is about to end by itself, and that says more about why.
        if !matches!(unfit, Unfit::Closed) {
            let what = "said nothing that a worker says".to_owned();
            self.kill(super::Reason::Garbage { seq: None, what });
        }
        let end = self.wait_for_end(oom);
        let exe = options.exe.clone();
        Err(match unfit {
            Unfit::System(error) => error,
            Unfit::Refused(error) => WorkerError::Prepare(error),
            Unfit::Version(got) => WorkerError::Version { exe, expected: version(PROTOCOL, VERSION), got },
            Unfit::Closed | Unfit::Mute if has_greeted => {
                WorkerError::Died { pid: self.pid(), how: end.how, stderr: end.stderr }
            }
            Unfit::Closed | Unfit::Mute => WorkerError::Silent { exe, how: end.how, stderr: end.stderr },
        })
    }

    fn prepared(
        &self,
        recipe: &Recipe,
        options: &WorkerOptions,
        has_greeted: &mut bool,
    ) -> Result<Ready, Unfit> {
        let (_, greeting) = self.message(&[Kind::Greeting])?;
        let greeting: Greeting = decode(&greeting).map_err(|_| Unfit::Mute)?;
        if (greeting.protocol, &*greeting.version) != (PROTOCOL, VERSION) {
            return Err(Unfit::Version(version(greeting.protocol, &greeting.version)));
        }
        *has_greeted = true;
        let system = |error| Unfit::System(WorkerError::system("use the socket")(error));
        self.set_control_timeout(options.prepare_timeout).map_err(system)?;
        let (kind, payload) = self.message(&[Kind::Ready, Kind::Refused])?;
        self.set_control_timeout(options.call_timeout).map_err(system)?;
        if kind == Kind::Ready {
            return decode(&payload).map_err(|_| Unfit::Mute);
        }
        let error: WireError = decode(&payload).map_err(|_| Unfit::Mute)?;
        Err(Unfit::Refused(error.into_error(recipe.device)))
    }

    /// The next message, which is of one of these kinds.
    fn message(&self, kinds: &[Kind]) -> Result<(Kind, Vec<u8>), Unfit> {
        let frame = self.control.recv().map_err(unfit)?.ok_or(Unfit::Closed)?;
        let kind = frame.kind().filter(|kind| kinds.contains(kind)).ok_or(Unfit::Mute)?;
        let payload = self.control.recv_payload(&frame, MESSAGE_BYTES_MAX).map_err(unfit)?;
        Ok((kind, payload))
    }
}

#[allow(clippy::needless_pass_by_value)]
fn unfit(error: io::Error) -> Unfit {
    if is_closed(&error) { Unfit::Closed } else { Unfit::Mute }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn version(protocol: u32, version: &str) -> String {
    format!("{version} (protocol {protocol})")
}

/// How the model travels, and the memory that it travels in.
fn model(recipe: &Recipe) -> io::Result<(WireModel, Option<Region>)> {
    let model = &recipe.model;
    let fingerprint = format!("{:032x}", model.fingerprint());
    if let Some(path) = model.path().filter(|_| !model.external_data().is_empty()) {
        let path: &Path = &absolute(path)?;
        return Ok((WireModel::File { path: path.into(), fingerprint }, None));
    }
    let mut memory = Region::new(model.bytes().len(), false)?;
    memory.fill(model.bytes());
    Ok((WireModel::Memory { bytes: model.bytes().len(), fingerprint }, Some(memory)))
}
