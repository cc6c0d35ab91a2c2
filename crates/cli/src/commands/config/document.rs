use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::settings::{ModelSettings, Scope, Settings, Source};

/// A configuration, for programs.
#[derive(Serialize)]
pub(crate) struct Document {
    /// The configuration file, if there is one.
    config: Option<PathBuf>,
    server: BTreeMap<String, Shown>,
    /// What holds for a model of which nothing else is said.
    defaults: BTreeMap<String, Shown>,
    models: BTreeMap<String, Model>,
}

#[derive(Serialize)]
struct Model {
    /// Where it is; in a repository unless given.
    path: Option<PathBuf>,
    /// Who asked for it.
    source: Source,
    options: BTreeMap<String, Shown>,
}

/// An option's value and the place it came from.
#[derive(Serialize)]
struct Shown {
    /// As a flag would be given it, or in words where it is decided at the start; nothing where there is none.
    value: Option<Value>,
    source: Source,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    One(String),
    Several(Vec<String>),
}

pub(crate) fn document(settings: &Settings) -> Document {
    let models = settings.models.iter().map(|model| (model.name.clone(), self::model(model)));
    Document {
        config: settings.file.clone(),
        server: options(&settings.server_scope),
        defaults: options(&settings.defaults),
        models: models.collect(),
    }
}

fn model(model: &ModelSettings) -> Model {
    Model { path: model.path.clone(), source: model.source.clone(), options: options(&model.scope) }
}

fn options(scope: &Scope) -> BTreeMap<String, Shown> {
    let shown = scope.settings().iter().map(|setting| {
        let value = if setting.option.is_list() {
            let texts = setting.values.iter().map(|value| value.to_string_lossy().into_owned());
            Some(Value::Several(texts.collect()))
        } else {
            setting.text().map(Value::One)
        };
        (setting.option.key().to_owned(), Shown { value, source: setting.source.clone() })
    });
    shown.collect()
}
