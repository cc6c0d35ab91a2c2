use std::collections::BTreeMap;
use std::sync::PoisonError;

use compact_str::CompactString;
use phalanx_protocol::rest::metadata::{TraceSettings, TraceValue};

use crate::ServeError;
use crate::context::Context;

/// The trace settings of all models, and of those that have some of their own.
#[derive(Debug)]
pub(crate) struct Traces {
    all: Values,
    models: BTreeMap<CompactString, Values>,
}

type Values = BTreeMap<String, TraceValue>;

/// What `trace_level` may hold.
const LEVELS: [&str; 3] = ["OFF", "TIMESTAMPS", "TENSORS"];

/// The trace settings of a model, or, where it is empty, of all those that have none of their own.
///
/// # Errors
/// [`ServeError::NoSuchModel`].
pub(crate) fn trace_settings(context: &Context, model: &str) -> Result<TraceSettings, ServeError> {
    check_model(context, model)?;
    let traces = context.settings.traces.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(traces.of(model))
}

/// Changes what `update` names, and gives the settings as they are then. What is set to nothing is for a model what it is
/// for all, and for all what it was at the start.
///
/// # Errors
/// [`ServeError::NoSuchModel`]; [`ServeError::Invalid`] for what is no setting, or no value of it.
pub(crate) fn update_trace_settings(
    context: &Context,
    model: &str,
    update: TraceSettings,
) -> Result<TraceSettings, ServeError> {
    check_model(context, model)?;
    let defaults = Traces::default().all;
    for (name, value) in &update.0 {
        if !defaults.contains_key(name) {
            let known: Vec<&str> = defaults.keys().map(String::as_str).collect();
            return Err(ServeError::invalid("trace setting", known.join(", "), format!("{name:?}")));
        }
        check(name, value)?;
    }
    let mut traces = context.settings.traces.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, value) in update.0 {
        traces.set(model, name, value, &defaults);
    }
    Ok(traces.of(model))
}

fn check_model(context: &Context, model: &str) -> Result<(), ServeError> {
    if model.is_empty() || context.registry.index().iter().any(|(name, ..)| name == model) {
        return Ok(());
    }
    Err(ServeError::NoSuchModel { model: model.into() })
}

fn check(name: &str, value: &TraceValue) -> Result<(), ServeError> {
    let got = || format!("{value:?}");
    match (name, value) {
        (_, TraceValue::Cleared) => Ok(()),
        ("trace_level", TraceValue::Many(levels))
            if levels.iter().all(|level| LEVELS.contains(&level.as_str())) =>
        {
            Ok(())
        }
        ("trace_level", TraceValue::One(level)) if LEVELS.contains(&level.as_str()) => Ok(()),
        ("trace_level", _) => Err(ServeError::invalid(name, LEVELS.join(", "), got())),
        ("trace_rate" | "log_frequency", TraceValue::One(text)) if text.parse::<u32>().is_ok() => Ok(()),
        ("trace_count", TraceValue::One(text)) if text.parse::<i32>().is_ok_and(|count| count >= -1) => {
            Ok(())
        }
        ("trace_rate" | "log_frequency" | "trace_count", _) => {
            Err(ServeError::invalid(name, "a whole number as text", got()))
        }
        (_, TraceValue::One(text)) if text == usual(name) => Ok(()),
        _ => Err(ServeError::invalid(name, format!("{:?}", usual(name)), got())),
    }
}

/// Where traces go is not for clients to say.
fn usual(name: &str) -> &'static str {
    if name == "trace_mode" { "opentelemetry" } else { "" }
}

impl Traces {
    fn of(&self, model: &str) -> TraceSettings {
        let mut values = self.all.clone();
        if let Some(own) = self.models.get(model) {
            values.extend(own.clone());
        }
        TraceSettings(values)
    }

    fn set(&mut self, model: &str, name: String, value: TraceValue, defaults: &Values) {
        let values =
            if model.is_empty() { &mut self.all } else { self.models.entry(model.into()).or_default() };
        let value = match (name.as_str(), value) {
            // A list, however it was sent.
            ("trace_level", TraceValue::One(level)) => Some(TraceValue::Many(vec![level])),
            (name, TraceValue::Cleared) if model.is_empty() => defaults.get(name).cloned(),
            (_, TraceValue::Cleared) => None,
            (_, value) => Some(value),
        };
        match value {
            Some(value) => values.insert(name, value),
            None => values.remove(&name),
        };
    }
}

impl Default for Traces {
    fn default() -> Self {
        let one = |text: &str| TraceValue::One(text.to_owned());
        let all = [
            ("trace_file", one(usual("trace_file"))),
            ("trace_level", TraceValue::Many(vec![LEVELS[0].to_owned()])),
            ("trace_rate", one("1000")),
            ("trace_count", one("-1")),
            ("log_frequency", one("0")),
            ("trace_mode", one(usual("trace_mode"))),
        ];
        let all = all.map(|(name, value)| (name.to_owned(), value));
        Self { all: all.into(), models: BTreeMap::new() }
    }
}
