use std::fmt;

use super::exposition::{Exposition, Labels};
use super::model_labels;
use crate::observe::snapshot::{ModelSnapshot, Running, Snapshot};
use crate::serving::ModelState;

/// The states of a version, one of which it is in.
const STATES: [&str; 4] = ["loading", "ready", "unloaded", "failed"];

/// What models there are, how they are run, and what memory that takes.
pub(super) fn write(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    let states = server.models.iter().flat_map(|model| {
        STATES.iter().map(move |&state| {
            let mut labels = model_labels(model);
            labels.push(("state", state.into()));
            (labels, u64::from(state == state_name(&model.state)))
        })
    });
    to.gauge("phalanx_model_state", "1 for the state that a version is in, 0 for the others.", states)?;
    to.gauge(
        "phalanx_model_degraded",
        "1 while a version runs on another backend than the one it was put on, because that one failed.",
        server
            .running()
            .map(|(model, running)| (model_labels(model), u64::from(running.metrics.degraded.is_some()))),
    )?;
    to.info(
        "phalanx_model",
        "How a version is run.",
        server.running().map(|(model, running)| described(model, running)),
    )?;
    to.info(
        "phalanx_backend",
        "What runs a version, and whether it was named or found to be the fastest.",
        server.running().map(|(model, running)| runtime(model, running)),
    )?;
    to.gauge(
        "phalanx_slo_seconds",
        "The latency that callers are promised.",
        server.running().filter_map(|(model, running)| {
            Some((model_labels(model), running.served.options.slo?.as_secs_f64()))
        }),
    )?;
    to.gauge(
        "phalanx_batch_rows_max",
        "Rows of the largest batch.",
        server.running().map(|(model, running)| (model_labels(model), running.served.info().max_batch)),
    )?;
    to.gauge(
        "phalanx_queued_rows_max",
        "Rows that may wait before more are refused.",
        server.running().map(|(model, running)| (model_labels(model), running.served.info().queue_limit)),
    )?;
    memory(to, server)
}

fn memory(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    let slots = server.running().flat_map(|(model, running)| {
        let slots = &running.metrics.slots;
        [("idle", slots.idle), ("in_use", slots.in_use)].map(|(state, count)| {
            let mut labels = model_labels(model);
            labels.push(("state", state.into()));
            (labels, count)
        })
    });
    to.gauge("phalanx_slots", "Slots, by whether a batch uses them.", slots)?;
    to.gauge(
        "phalanx_slot_bytes",
        "Bytes of all slots.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.slots.bytes)),
    )?;
    to.counter(
        "phalanx_slots_allocated",
        "Slots that had to be allocated.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.slots.allocated)),
    )?;
    to.gauge(
        "phalanx_input_bytes",
        "Bytes of the inputs of requests that are not answered yet.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.input_bytes)),
    )?;
    to.gauge(
        "phalanx_idle_answer_bytes",
        "Bytes of answer buffers that wait to be used again.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.idle_answer_bytes)),
    )?;
    to.gauge(
        "phalanx_device_bytes",
        "Memory on the device, where its backend tells.",
        server
            .running()
            .filter_map(|(model, running)| Some((model_labels(model), running.metrics.device_bytes?))),
    )
}

fn runtime<'a>(model: &'a ModelSnapshot, running: &'a Running) -> Labels<'a> {
    let info = running.served.info();
    let mut labels = model_labels(model);
    labels.extend([
        ("backend", info.backend.into()),
        ("runtime_version", info.runtime_version().into()),
        ("device", info.devices.to_string().into()),
        ("chosen_by", if info.choice.is_some() { "auto" } else { "named" }.into()),
    ]);
    labels
}

fn described<'a>(model: &'a ModelSnapshot, running: &'a Running) -> Labels<'a> {
    let info = running.served.info();
    let mut labels = model_labels(model);
    labels.extend([
        ("backend", info.backend.into()),
        ("backend_version", info.backend_version.as_str().into()),
        ("device", info.devices.to_string().into()),
        ("policy", info.policy.to_string().into()),
        ("precision", info.precision.to_string().into()),
    ]);
    labels
}

fn state_name(state: &ModelState) -> &'static str {
    match state {
        ModelState::Loading => STATES[0],
        ModelState::Ready => STATES[1],
        ModelState::Unloaded => STATES[2],
        ModelState::Failed { .. } => STATES[3],
    }
}
