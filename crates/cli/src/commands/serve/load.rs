use std::sync::Arc;
use std::sync::mpsc::Sender;

use phalanx_engine::BackendChoice;
use phalanx_model::Model;
use phalanx_server::Server;

use super::super::tune;
use super::{Event, announce, options, repository};
use crate::args::EngineArgs;
use crate::failure::Failure;
use crate::panics;
use crate::settings::{ModelSettings, Settings};

/// A model file's version: nothing in a file's name says another.
const VERSION: u64 = 1;

/// Loads on a thread of its own, so that signals are heard meanwhile.
pub(super) fn start(
    server: &Arc<Server>,
    settings: &Arc<Settings>,
    loaded: Sender<Event>,
) -> Result<(), Failure> {
    let (server, settings) = (Arc::clone(server), Arc::clone(settings));
    let load = move || {
        let result = panics::catch(|| all(&server, &settings));
        // Nobody listens any more once the command has ended.
        let _ = loaded.send(Event::Loaded(result));
    };
    let thread = std::thread::Builder::new().name("phalanx-load".to_owned()).spawn(load);
    thread.map(drop).map_err(|error| Failure::new(format_args!("failed to start a thread: {error}")))
}

/// Loads everything, one after the other: each may use all cores to warm up, and is timed meanwhile.
fn all(server: &Server, settings: &Settings) -> Result<(), Failure> {
    for model in settings.models.iter().filter(|model| model.path.is_some()) {
        server.expect(&model.name, VERSION);
    }
    for model in &settings.models {
        load(server, settings, model)?;
    }
    if !settings.server.repository.is_empty() {
        repository::open(server, settings)?;
    }
    server.release();
    announce::ready(server, &settings.server);
    Ok(())
}

/// Loads a model that has a file of its own.
fn load(server: &Server, settings: &Settings, wanted: &ModelSettings) -> Result<(), Failure> {
    let Some(path) = &wanted.path else { return Ok(()) };
    let name = &wanted.name;
    announce::step(&settings.server, &format!("loading {name} from {}", path.display()));
    let model = Model::load(path)?;
    let mut engine = wanted.engine.clone();
    if settings.tune {
        engine = tune::for_serving(path, &engine, &mut |text| announce::step(&settings.server, text))?;
    }
    let options = options::model(&engine, &model)?;
    server.serve(name, VERSION, model, options).map(drop).map_err(|error| {
        let failure = Failure::new(format_args!("model {name:?}: {error}"));
        match missing(&wanted.engine) {
            Some(Failure::Failed { hint: Some(hint), .. }) => failure.hint(hint),
            _ => failure.hint("`phalanx inspect` lists what each backend makes of a model"),
        }
    })
}

/// Why the backend that was asked for is not here, if it is not.
fn missing(args: &EngineArgs) -> Option<Failure> {
    let Some(BackendChoice::Named(name)) = &args.backend else { return None };
    let backends = phalanx_engine::backends(args.onnxruntime.as_deref());
    let backend = backends.iter().find(|backend| backend.name() == name)?;
    backend.version().err().map(Failure::from)
}
