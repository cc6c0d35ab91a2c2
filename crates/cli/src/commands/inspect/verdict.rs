use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, PrepareOptions};
use phalanx_engine::BackendChoice;
use phalanx_model::Model;
use serde::Serialize;

use crate::args::EngineArgs;
use crate::failure::Failure;
use crate::session;

/// What one backend makes of the model.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) name: &'static str,
    pub(super) version: Option<String>,
    pub(super) runs: bool,
    /// Why it does not.
    pub(super) reason: Option<String>,
    /// The operators that stop it.
    pub(super) stopped_by: Vec<String>,
    /// Nodes of the prepared model.
    pub(super) nodes: Option<usize>,
    /// Nodes left on the CPU although another device was asked for, by operator.
    pub(super) on_cpu: Vec<OnCpu>,
    /// Their share, 0 to 1.
    pub(super) cpu_share: Option<f64>,
    pub(super) hint: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct OnCpu {
    pub(super) operator: String,
    pub(super) nodes: usize,
}

/// Prepares the model with every backend that may be used.
pub(super) fn all(model: &Model, args: &EngineArgs) -> Result<Vec<Verdict>, Failure> {
    let backends = phalanx_engine::backends(args.onnxruntime.as_deref());
    let asked_for = |backend: &dyn Backend| match &args.backend {
        Some(BackendChoice::Named(name)) => backend.name() == name,
        _ => true,
    };
    let options = PrepareOptions {
        threads: args.threads.unwrap_or(PrepareOptions::default().threads),
        optimize: args.optimize.unwrap_or_default(),
        precision: args.precision.unwrap_or_default(),
        ..PrepareOptions::default()
    };
    let candidates = backends.iter().filter(|backend| asked_for(&***backend));
    let verdicts: Vec<Verdict> = candidates.map(|backend| judge(&**backend, model, args, &options)).collect();
    // A device that nothing here has is a mistake of the user's, not a property of the model.
    let has_device = |backend: &Arc<dyn Backend>| {
        backend.devices().is_ok_and(|devices| devices.iter().any(|info| info.device == args.device()))
    };
    if !verdicts.iter().any(|verdict| verdict.runs) && !backends.iter().any(has_device) {
        let reasons: Vec<String> = verdicts.iter().filter_map(|verdict| verdict.reason.clone()).collect();
        let message = format!("there is no device {} here: {}", args.device(), reasons.join("; "));
        return Err(Failure::new(message).hint("`phalanx devices` lists what is here"));
    }
    Ok(verdicts)
}

fn judge(backend: &dyn Backend, model: &Model, args: &EngineArgs, options: &PrepareOptions) -> Verdict {
    let mut verdict = Verdict {
        name: backend.name(),
        version: backend.version().ok().map(|text| session::version(&text).0.to_owned()),
        runs: false,
        reason: None,
        stopped_by: Vec::new(),
        nodes: None,
        on_cpu: Vec::new(),
        cpu_share: None,
        hint: None,
    };
    match backend.prepare(model, args.device(), options) {
        Ok(program) => {
            let placement = program.placement();
            verdict.runs = true;
            verdict.nodes = Some(placement.nodes).filter(|&nodes| nodes > 0);
            verdict.cpu_share = verdict.nodes.map(|_| placement.cpu_share());
            let on_cpu = placement.on_cpu.into_iter();
            verdict.on_cpu = on_cpu.map(|(operator, nodes)| OnCpu { operator, nodes }).collect();
        }
        Err(error) => {
            verdict.reason = Some(error.to_string());
            match error {
                BackendError::UnsupportedOperators { operators, .. } => verdict.stopped_by = operators,
                BackendError::Unavailable { hint, .. } => verdict.hint = hint,
                _ => {}
            }
        }
    }
    verdict
}
