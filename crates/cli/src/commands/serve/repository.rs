use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use phalanx_server::{
    ModelControlMode, ModelOptions, RepositoryError, RepositoryOptions, Server, WarmupReader,
};

use super::{announce, options};
use crate::args::{ModelControl, ServerArgs};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::{session, terminal};

/// Serves the models of the repository.
pub(super) fn open(server: &Server, settings: &Settings) -> Result<(), Failure> {
    let args = &settings.server;
    let folders: Vec<_> = args.repository.iter().map(|folder| folder.display().to_string()).collect();
    announce::step(args, &format!("loading models of the repository {}", folders.join(", ")));
    let named: BTreeMap<String, ModelOptions> = settings
        .models
        .iter()
        .filter(|model| model.path.is_none())
        .map(|model| (model.name.clone(), options::engine(&model.engine)))
        .collect();
    let others = options::engine(&settings.before_repository);
    let repository = RepositoryOptions {
        mode: mode(args),
        overrides: Arc::new(move |name| named.get(name).unwrap_or(&others).clone()),
        defaults: options::engine(&settings.after_repository),
        warmup: Some(warmup()),
        ..RepositoryOptions::new(args.repository.clone())
    };
    server.open_repository(repository).map_err(|error| {
        let failure = Failure::new(&error);
        match error {
            RepositoryError::Models { .. } => failure.hint("nothing is served unless all of them can be"),
            _ => failure,
        }
    })
}

fn mode(args: &ServerArgs) -> ModelControlMode {
    match args.model_control {
        ModelControl::None => ModelControlMode::None,
        ModelControl::Explicit => ModelControlMode::Explicit { startup: args.load_model.clone() },
        ModelControl::Poll => ModelControlMode::Poll { interval: args.poll_interval },
    }
}

/// Reads a model's `warmup.npz`: all its rows are one request.
fn warmup() -> WarmupReader {
    Arc::new(|path, signature| match session::warmup(path, signature) {
        Ok(inputs) => Ok(vec![inputs]),
        Err(Failure::Failed { message, .. }) => Err(message),
        Err(_) => Err("it cannot be read".to_owned()),
    })
}

/// Looks through a polled repository now, on a thread of its own: it returns when what has changed is loaded.
pub(super) fn look_again(server: &Arc<Server>) -> Option<JoinHandle<()>> {
    let server = Arc::clone(server);
    let look = move || {
        if let Err(error) = server.poll_repository() {
            terminal::warning(&format!("nothing was loaded again: {error}"));
        }
    };
    // Where no thread can be started, the repository is looked through when its interval is over.
    std::thread::Builder::new().name("phalanx-look".to_owned()).spawn(look).ok()
}
