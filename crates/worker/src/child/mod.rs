//! The worker process: prepares one program and runs the batches that its parent rings for.
//!
//! Three threads: this one owns the program's lane, *control* is never busy (it beats, and ends the process when the
//! parent is gone, whatever is being computed), *calls* answers what takes time.

mod answers;
mod calls;
mod control;
mod identity;
mod lane;
mod prepare;
mod slots;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use phalanx_backend::{Backend, BackendError};

use crate::wire::{Channel, Frame, Greeting, Kind, PROTOCOL, Ready, WireError, encode};
use answers::Answers;
use lane::Serving;
use slots::Slots;

pub use identity::is_worker;
pub(crate) use identity::{VARIABLE, VARIABLE_VALUE};

/// Runs this process as a worker, until its parent closes it. Call it first thing in `main` where [`is_worker`] says so,
/// before anything reads standard input or starts threads.
///
/// `backend` gives the backend of a name, with the path of its library where the parent was given one.
///
/// # Errors
/// The code is not zero where the parent said what it must not; the reason goes to standard error, which the parent
/// reads. A program that cannot be prepared is no error here: the parent is told.
pub fn worker_main<F>(backend: F) -> ExitCode
where
    F: Fn(&str, Option<&Path>) -> Result<Arc<dyn Backend>, BackendError>,
{
    match run(backend) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told where this fails.
            let _ = writeln!(std::io::stderr(), "phalanx worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run<F>(backend: F) -> std::io::Result<()>
where
    F: Fn(&str, Option<&Path>) -> Result<Arc<dyn Backend>, BackendError>,
{
    let control = Arc::new(Channel::new(identity::take_socket()?));
    let greeting = Greeting { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned() };
    control.send_payload(Frame::new(Kind::Greeting, 0), &[&encode(&greeting)])?;
    let Some(work) = prepare::receive(&control)? else { return Ok(()) };
    identity::bind_to(work.parent_pid);
    let (bell, status) = (Arc::new(work.bell), Arc::new(work.status));
    let slots = Arc::new(Slots::default());
    let calls = control::start(&control, &status, &slots)?;
    let answers = Arc::new(Answers::new(Arc::clone(&bell), Arc::clone(&status), Arc::clone(&slots)));
    let opened = prepare::program(&work.order, backend).and_then(|program| {
        let lane = program.open_lane(Arc::clone(&answers) as _)?;
        Ok((program, lane))
    });
    let (program, lane) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let error = encode(&WireError::from(&error));
            return control.send_payload(Frame::new(Kind::Refused, 0), &[&error]);
        }
    };
    drop(work.order);
    calls::start(Arc::clone(&program), &control, &status, calls)?;
    let ready = Ready::new(program.buckets(), program.limits(), program.placement());
    control.send_payload(Frame::new(Kind::Ready, 0), &[&encode(&ready)])?;
    Serving::new((&bell, &status), &slots, &answers, program.limits()).run(lane)
}
