//! What commands have in common: a model, an engine built as the options say, and words about both.

use std::collections::BTreeMap;
use std::path::Path;

use phalanx_backend::Devices;
use phalanx_engine::choice::Search;
use phalanx_engine::{Batching, Engine, EngineBuilder, EngineInfo};
use phalanx_measure::report::{BackendReport, ModelReport};
use phalanx_model::Model;
use phalanx_tensor::{Signature, Tensor};

use crate::args::EngineArgs;
use crate::dataset::Inputs;
use crate::failure::Failure;
use crate::terminal;

/// Describes the engine that the options ask for.
pub(crate) fn builder(args: &EngineArgs, model: &Model) -> Result<EngineBuilder, Failure> {
    let mut builder = Engine::builder(model.clone()).pad(args.pad.clone()).search(Search::in_children());
    macro_rules! given {
        ($($option:ident => $setter:ident($convert:expr)),* $(,)?) => {
            $(if let Some(value) = args.$option.clone() {
                builder = builder.$setter($convert(value));
            })*
        };
    }
    given! {
        backend => backend(std::convert::identity),
        device => device(std::convert::identity::<Devices>),
        optimize => optimize(std::convert::identity),
        precision => precision(std::convert::identity),
        spin_us => spin_us(std::convert::identity),
        lanes => lanes(usize::from),
        threads => threads(usize::from),
        max_batch => max_batch(usize::from),
        depth => depth(usize::from),
        queues => queues(usize::from),
        queue_limit => queue_limit(usize::from),
        device_submitters_max => device_submitters_max(usize::from),
        batch_timeout => batch_timeout(std::convert::identity),
        slo => slo(std::convert::identity),
        policy => policy(std::convert::identity),
        onnxruntime => onnxruntime_library(std::convert::identity),
        memory_max => memory_bytes_max(|bytes| bytes as u64),
        isolation => isolation(std::convert::identity),
        worker_exe => worker_exe(std::convert::identity),
    }
    if args.no_fallback {
        builder = builder.fallback(false);
    }
    if let Some(path) = &args.warmup {
        builder = builder.warmup(warmup(path, model.signature())?);
    }
    Ok(builder)
}

/// Input to warm up with, from a file.
pub(crate) fn warmup(path: &Path, signature: &Signature) -> Result<Vec<Tensor>, Failure> {
    Inputs::open(path, signature)?.whole()
}

/// Builds the engine and says what runs.
pub(crate) fn build(builder: EngineBuilder) -> Result<Engine, Failure> {
    let engine = builder.build()?;
    announce(engine.info());
    Ok(engine)
}

/// Says which backend runs, on what, and what the user should know about it.
pub(crate) fn announce(info: &EngineInfo) {
    terminal::words(&format!("backend: {}", describe(info)));
    info.warnings.iter().for_each(|warning| terminal::warning(warning));
    info.hints.iter().for_each(|hint| terminal::hint(hint));
}

/// What runs and how, in words.
pub(crate) fn describe(info: &EngineInfo) -> String {
    let why = info.choice.as_ref().map(|choice| format!(", auto: {}", choice.why()));
    format!(
        "{} {} on {}, {} of {}, {}{}",
        info.backend,
        version(&info.backend_version).0,
        info.devices,
        count(info.lanes, "lane"),
        count(info.threads, "thread"),
        batching(&info.batching, info.max_batch),
        why.unwrap_or_default(),
    )
}

/// How requests share runs, in words.
pub(crate) fn batching(batching: &Batching, max_batch: usize) -> String {
    match batching {
        Batching::Batched => format!("batches of up to {max_batch}"),
        Batching::Fixed(rows) => format!("batches of always {rows}, padded where fewer are there"),
        Batching::Unbatched { reason } => format!("one request a run, because {reason}"),
    }
}

/// A number of things: `1 lane`, `2 lanes`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A runtime's version, and the library it was loaded from, which backends put behind it in parentheses.
pub(crate) fn version(text: &str) -> (&str, Option<&str>) {
    match text.strip_suffix(')').and_then(|text| text.split_once(" (")) {
        Some((version, library)) => (version, Some(library)),
        None => (text, None),
    }
}

/// The backend, for a report.
pub(crate) fn backend_report(info: &EngineInfo) -> BackendReport {
    let (version, library) = version(&info.backend_version);
    BackendReport {
        name: info.backend.to_owned(),
        version: version.to_owned(),
        library: library.map(str::to_owned),
        device: info.devices.to_string(),
        choice: info.choice.clone(),
    }
}

/// The model, for a report.
pub(crate) fn model_report(model: &Model) -> ModelReport {
    let signature = model.signature();
    ModelReport {
        name: model.name().to_owned(),
        path: model.path().map(|path| path.display().to_string()),
        inputs: signature.inputs.iter().map(ToString::to_string).collect(),
        outputs: signature.outputs.iter().map(ToString::to_string).collect(),
        parameters: model.parameters(),
    }
}

/// The options in force, for a report.
pub(crate) fn options_report(info: &EngineInfo) -> BTreeMap<String, String> {
    [
        ("lanes", info.lanes.to_string()),
        ("queues", info.queues.to_string()),
        ("threads", info.threads.to_string()),
        ("max_batch", info.max_batch.to_string()),
        ("depth", info.depth.to_string()),
        ("queue_limit", info.queue_limit.to_string()),
        ("policy", info.policy.to_string()),
        ("precision", info.precision.to_string()),
        ("optimize", info.optimize.to_string()),
        ("batching", batching(&info.batching, info.max_batch)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_told_from_its_version() {
        assert_eq!(version("1.31.1 (/lib/x (1).so)"), ("1.31.1", Some("/lib/x (1).so")));
        assert_eq!(version("0.23.9"), ("0.23.9", None));
    }

    #[test]
    fn one_of_a_thing_has_no_plural() {
        assert_eq!([count(1, "lane"), count(2, "lane")], ["1 lane", "2 lanes"]);
    }
}
