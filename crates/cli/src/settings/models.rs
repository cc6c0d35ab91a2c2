use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::file::{self, File};
use super::layers::Layers;
use super::{Given, Scope, Source, table};
use crate::args::EngineArgs;
use crate::failure::Failure;

/// How one model is served.
#[derive(Clone, Debug)]
pub(crate) struct ModelSettings {
    pub(crate) name: String,
    /// Where it is; in a repository unless given.
    pub(crate) path: Option<PathBuf>,
    /// Who asked for it.
    pub(crate) source: Source,
    /// Every option with the place it came from.
    pub(crate) scope: Scope,
    /// Its options; of a repository's model only what goes before the model's own configuration.
    pub(crate) engine: EngineArgs,
}

/// Where models' options are looked up.
pub(super) struct Places<'a> {
    pub(super) given: &'a Given,
    pub(super) environment: &'a Environment,
    pub(super) file: &'a File,
}

impl Places<'_> {
    /// The options of a model of which nothing else is said.
    pub(super) fn usual(&self) -> Layers<'_> {
        self.layers(None)
    }

    /// What goes before the configurations of a repository's models.
    pub(super) fn before_repository(&self) -> Layers<'_> {
        Layers { tables: [None, None], ..self.usual() }
    }

    /// What holds where those configurations say nothing.
    pub(super) fn after_repository(&self) -> Layers<'_> {
        Layers { tables: [None, Some(&self.file.defaults)], ..Layers::default() }
    }

    fn layers<'a>(&'a self, model: Option<&'a file::Model>) -> Layers<'a> {
        Layers {
            given: Some(self.given),
            environment: Some(self.environment),
            tables: [model.map(|model| &model.engine), Some(&self.file.defaults)],
        }
    }

    /// The models: those of the command line, then those of the file.
    ///
    /// # Errors
    /// Two of the same name; one without a file where there is no repository that could have it.
    pub(super) fn models(
        &self,
        paths: &[PathBuf],
        name: Option<&str>,
        repository: bool,
    ) -> Result<Vec<ModelSettings>, Failure> {
        let mut models: Vec<ModelSettings> = Vec::new();
        for path in paths {
            let name = name.map_or_else(|| stem(path), str::to_owned);
            let source = Source::Flag { flag: path.display().to_string() };
            if let Some(other) = models.iter().find(|other| other.name == name) {
                return Err(same_name(&name, &other.source, &source));
            }
            let said = self.file.models.iter().find(|model| model.name == name);
            models.push(self.model(name, Some(path.clone()), source, said)?);
        }
        for said in &self.file.models {
            if models.iter().any(|model| model.name == said.name) {
                continue;
            }
            let path = said.path.as_ref().and_then(|path| path.values.first()).map(PathBuf::from);
            if path.is_none() && !repository {
                return Err(no_path(said));
            }
            models.push(self.model(said.name.clone(), path, said.source.clone(), Some(said))?);
        }
        Ok(models)
    }

    fn model(
        &self,
        name: String,
        path: Option<PathBuf>,
        source: Source,
        said: Option<&file::Model>,
    ) -> Result<ModelSettings, Failure> {
        let layers = self.layers(said);
        let scope = layers.scope(table::engine())?;
        let engine = match path {
            Some(_) => scope.typed()?,
            None => Layers { tables: [layers.tables[0], None], ..layers }.scope(table::engine())?.typed()?,
        };
        Ok(ModelSettings { name, path, source, scope, engine })
    }
}

/// What a model file is called where nobody says otherwise.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn same_name(name: &str, one: &Source, other: &Source) -> Failure {
    let message = format_args!("expected models of different names, got {one} and {other}, both {name:?}");
    Failure::new(message).hint("a configuration file can give them names: [models.NAME] with path = \"…\"")
}

fn no_path(model: &file::Model) -> Failure {
    let (source, name) = (&model.source, &model.name);
    Failure::new(format_args!("{source}: models.{name}: expected a path, and got none"))
        .hint("say path = \"….onnx\", or give the repository that holds the model")
}
