use std::env;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use phalanx_backend::Backend;

use super::{Answer, Ask, Request, VARIABLE};
use crate::backends::backends;
use crate::choice::Candidate;
use crate::choice::run::run;
use crate::choice::task::{Ran, Task};

/// Whether this process was started to try a candidate; then its `main` must be [`trial_main`].
#[must_use]
pub fn is_trial() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// The `main` of a process that tries one of the built-in backends: what to do comes on its standard input.
#[must_use]
pub fn trial_main() -> ExitCode {
    trial_main_among(backends)
}

/// As [`trial_main`], for a program that brings backends of its own: `backends` gives all that it may be asked to try,
/// and is given the path of onnxruntime's library, where it is known.
#[must_use]
pub fn trial_main_among(backends: impl FnOnce(Option<&Path>) -> Vec<Arc<dyn Backend>>) -> ExitCode {
    let done = read_ask().and_then(|ask| {
        watch_parent()?;
        match ask {
            Ask::List(listing) => listing.answer(&backends(listing.library.as_deref())),
            Ask::Try(mut request) => {
                let backends = backends(request.library.as_deref());
                let answer = match attempt(&mut request, &backends) {
                    Ok(ran) => Answer::Ran(ran),
                    Err(reason) => Answer::Failed(reason),
                };
                answer.write(&request.folder)
            }
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever started this reads it; there is no other way to tell.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn read_ask() -> io::Result<Ask> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// Ends this process when nobody waits for it any more, which closes its standard input.
fn watch_parent() -> io::Result<()> {
    let watch = || {
        let mut byte = [0];
        while matches!(io::stdin().lock().read(&mut byte), Ok(1)) {}
        std::process::exit(1);
    };
    std::thread::Builder::new().name("phalanx-watch".to_owned()).spawn(watch).map(drop)
}

fn attempt(request: &mut Request, backends: &[Arc<dyn Backend>]) -> Result<Ran, String> {
    let wanted = &request.candidate;
    let backend = backends.iter().find(|backend| backend.name() == wanted.backend);
    let backend = backend.ok_or_else(|| format!("there is no backend {} here", wanted.backend))?;
    let found = Candidate::of(&**backend, wanted.device).map_err(|error| error.to_string())?;
    if found != *wanted {
        return Err(format!("expected {} {}, got {}", wanted.backend, wanted.version, found.version));
    }
    let model = request.model().map_err(|error| error.to_string())?;
    let model = model.ok_or("the model's file has changed")?;
    let inputs = request.inputs().map_err(|error| error.to_string())?;
    let options = request.options();
    let task = Task {
        model: &model,
        backend,
        candidate: &found,
        options: &options,
        inputs: &inputs,
        large: request.large,
        budget: request.budget,
    };
    run(&task).map_err(|error| error.to_string())
}
