mod announce;
mod keys;
mod load;
mod options;
mod repository;
mod wait;

use std::sync::Arc;
use std::sync::mpsc;

use phalanx_server::Server;

use crate::args::ServeArgs;
use crate::failure::Failure;
use crate::settings::{self, Settings};
use crate::{interrupt, terminal};
use wait::{Event, Waited};

pub(super) fn execute(args: &ServeArgs) -> Result<(), Failure> {
    let (sender, events) = mpsc::channel();
    let signals = sender.clone();
    interrupt::forward(move |signal| {
        // Nobody listens any more once the command has ended.
        let _ = signals.send(Event::Signal(signal));
    });
    let settings = settings::resolve(args)?;
    check(&settings)?;
    settings.warnings.iter().for_each(|warning| terminal::warning(warning));
    let _logging = options::log(&settings.server)?;
    let server = Arc::new(options::start(&settings.server)?);
    announce::listening(&server, &settings.server);
    let settings = Arc::new(settings);
    load::start(&server, &settings, sender)?;
    let waited = wait::wait(&server, &events);
    stop(&server, &settings, waited)
}

/// Refuses to serve nothing.
fn check(settings: &Settings) -> Result<(), Failure> {
    if !settings.models.is_empty() || !settings.server.repository.is_empty() {
        return Ok(());
    }
    Err(Failure::new("there is nothing to serve: expected a model, a repository, or both, got none")
        .hint("phalanx serve model.onnx, or --repository FOLDER, or [models.NAME] in a --config file"))
}

/// Answers what was accepted.
fn stop(server: &Server, settings: &Settings, waited: Waited) -> Result<(), Failure> {
    let args = &settings.server;
    announce::step(args, "stopping: what was accepted is being answered");
    let answered = server.stop(args.grace);
    if let Waited::Failed(failure) = waited {
        return Err(failure);
    }
    if !answered {
        let grace = humantime::format_duration(args.grace);
        let message = format_args!("not everything that was accepted could be answered within {grace}");
        return Err(Failure::new(message).hint("--grace gives it longer"));
    }
    announce::step(args, "stopped");
    Ok(())
}
