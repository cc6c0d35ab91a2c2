//! How long operators take, from the file that the runtime's own profiler writes.

use std::collections::HashMap;
use std::path::Path;

use phalanx_backend::{BackendError, Device, OperatorTime, PrepareOptions};
use phalanx_model::Model;
use phalanx_tensor::Tensor;
use serde::Deserialize;

use super::sessions::configure;
use crate::lane::run_single;
use crate::sys::{Fault, Session};
use crate::{Library, device, errors};

/// What the file's names begin with.
const PREFIX: &str = "profile";

/// What the profiler adds to the name of a node for the time that its kernel took.
const KERNEL: &str = "_kernel_time";

/// An entry of the file, in the format of Chrome's traces. Other categories have no operators.
#[derive(Deserialize)]
struct Event {
    cat: String,
    name: String,
    /// In microseconds.
    #[serde(default)]
    dur: f64,
    #[serde(default)]
    args: Args,
}

#[derive(Default, Deserialize)]
struct Args {
    #[serde(default)]
    op_name: String,
}

/// Runs the model in a session of its own that takes notes, so many times after once that does not count.
pub(crate) fn operator_times(
    library: &'static Library,
    model: &Model,
    device: Device,
    options: &PrepareOptions,
    (inputs, runs): (&[Tensor], usize),
) -> Result<Vec<OperatorTime>, BackendError> {
    let failed = |error: &dyn std::fmt::Display| errors::run(Fault::new(format!("the profile: {error}")));
    let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
    let mut session_options = configure(library, device, options)?;
    let prefix = folder.path().join(PREFIX);
    session_options.profile_to(&prefix).map_err(|fault| errors::prepare(fault, model))?;
    let session = Session::create(library, model, &session_options, device::alone(device));
    let session = session.map_err(|fault| errors::prepare(fault, model))?;
    for _ in 0..=runs.max(1) {
        run_single(library, &session, model.signature(), inputs)?;
    }
    // The file is complete when the session has gone.
    drop(session);
    let text = read(folder.path()).map_err(|error| failed(&error))?;
    let events: Vec<Event> = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    Ok(means(&events, runs.max(1)))
}

fn read(folder: &Path) -> std::io::Result<String> {
    let mut entries = std::fs::read_dir(folder)?;
    let path = entries.next().ok_or(std::io::ErrorKind::NotFound)??.path();
    std::fs::read_to_string(path)
}

/// The mean of each node, in the order in which they first ran; the first time of each does not count.
fn means(events: &[Event], runs: usize) -> Vec<OperatorTime> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut times: Vec<OperatorTime> = Vec::new();
    for event in events.iter().filter(|event| event.cat == "Node") {
        let Some(node) = event.name.strip_suffix(KERNEL) else { continue };
        match places.get(node) {
            None => {
                places.insert(node, times.len());
                let operator = event.args.op_name.clone();
                times.push(OperatorTime { operator, node: node.to_owned(), mean_ns: 0.0 });
            }
            Some(&place) => times[place].mean_ns += 1000.0 * event.dur / runs as f64,
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_does_not_count() {
        let event = |name: &str, dur: f64| Event {
            cat: "Node".to_owned(),
            name: format!("{name}{KERNEL}"),
            dur,
            args: Args { op_name: "MatMul".to_owned() },
        };
        let events = [
            event("a", 900.0),
            event("b", 50.0),
            event("a", 10.0),
            event("b", 1.0),
            event("a", 20.0),
            event("b", 2.0),
        ];
        let means: Vec<(String, f64)> =
            means(&events, 2).into_iter().map(|time| (time.node, time.mean_ns)).collect();
        assert_eq!(means, [("a".to_owned(), 15_000.0), ("b".to_owned(), 1500.0)]);
    }
}
