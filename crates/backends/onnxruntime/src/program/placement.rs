use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_void};
use std::sync::{Mutex, PoisonError};

use ort::sys::OrtLoggingLevel;
use phalanx_backend::{BackendError, Device, Placement, PrepareOptions};
use phalanx_model::Model;

use super::sessions;
use crate::sys::Session;
use crate::{Library, device, errors};

/// The function of the runtime's that lists where each node went, as its messages name their origin. It has done so
/// in these words since before 1.20, in every build; the interface made for the purpose
/// (`Session_GetEpGraphAssignmentInfo`, since 1.24) leaves out nodes that are assigned after a change of layout.
const ORIGIN: &str = "VerifyEachNodeIsAssignedToAnEp";

/// Lines that are kept: more nodes than any model has.
const LINES_MAX: usize = 1 << 20;

/// Where the nodes of `model` run when it is prepared for `device`: a session that is made for this and dropped says
/// so in its log. The sessions that run must not log as much.
pub(super) fn of(
    library: &'static Library,
    model: &Model,
    device: Device,
    options: &PrepareOptions,
) -> Result<Placement, BackendError> {
    let lines = Mutex::new(Vec::new());
    let mut session_options = sessions::configure(library, device, options)?;
    // SAFETY: `record` takes a pointer to such a mutex, which outlives the session: that is dropped right here.
    let logged = unsafe { session_options.log_to(record, (&raw const lines).cast_mut().cast()) };
    let created = logged
        .and_then(|()| Session::create(library, model, &session_options, device::alone(device)).map(drop));
    drop(session_options);
    created.map_err(|fault| errors::prepare(fault, model))?;
    let lines = lines.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut placement = parse(&lines, model.operators());
    // CoreML makes one node of each part it takes, so the model's own count is nearer to what it runs.
    if device == Device::CoreMl {
        placement.nodes = placement.nodes.max(model.operators().values().sum());
    }
    Ok(placement)
}

/// Keeps a message if it says where a node went.
unsafe extern "system" fn record(
    lines: *mut c_void,
    _severity: OrtLoggingLevel,
    _category: *const c_char,
    _id: *const c_char,
    origin: *const c_char,
    message: *const c_char,
) {
    if lines.is_null() || origin.is_null() || message.is_null() {
        return;
    }
    // SAFETY: `of` gave a pointer to such a mutex; the runtime's strings are terminated and live for the call.
    let (lines, origin, message) =
        unsafe { (&*lines.cast::<Mutex<Vec<String>>>(), CStr::from_ptr(origin), CStr::from_ptr(message)) };
    if origin.to_string_lossy().contains(ORIGIN) {
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LINES_MAX {
            lines.push(message.to_string_lossy().into_owned());
        }
    }
}

/// Counts nodes out of lines such as ` Node(s) placed on [CPUExecutionProvider]. Number of nodes: 2` with one line
/// `   Gather (name)` for each of them after it, or ` All nodes placed on […]. Number of nodes: 5` with none.
fn parse(lines: &[String], operators: &BTreeMap<String, usize>) -> Placement {
    let cpu = device::provider_name(Device::Cpu).unwrap_or_default();
    let (mut nodes, mut on_cpu, mut is_cpu) = (0, BTreeMap::<String, usize>::new(), false);
    for line in lines.iter().map(|line| line.trim()) {
        if let Some((provider, count)) = header(line, "All nodes placed on [") {
            nodes += count;
            if provider == cpu {
                on_cpu.clone_from(operators);
            }
        } else if let Some((provider, count)) = header(line, "Node(s) placed on [") {
            nodes += count;
            is_cpu = provider == cpu;
        } else if let Some((operator, _)) = line.split_once(" (").filter(|_| is_cpu) {
            *on_cpu.entry(operator.to_owned()).or_default() += 1;
        }
    }
    let mut on_cpu: Vec<(String, usize)> = on_cpu.into_iter().collect();
    on_cpu.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Placement { nodes, on_cpu }
}

/// Provider and count of a line that starts with `start`.
fn header<'a>(line: &'a str, start: &str) -> Option<(&'a str, usize)> {
    let (provider, rest) = line.strip_prefix(start)?.split_once(']')?;
    let count = rest.rsplit(' ').next()?.parse().ok()?;
    Some((provider, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str, operators: &[(&str, usize)]) -> Placement {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        parse(&lines, &operators.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect())
    }

    #[test]
    fn nodes_on_the_cpu_are_counted_by_operator() {
        let text = "Node placements
 Node(s) placed on [CPUExecutionProvider]. Number of nodes: 3
   Gather (/layers.0/Gather)
   Shape ()
   Gather (odd (name))
 Node(s) placed on [WebGpuExecutionProvider]. Number of nodes: 2
   MatMul (/layers.0/MatMul)
   Add (a)";
        let placement = parse_text(text, &[]);
        assert_eq!(placement.nodes, 5);
        assert_eq!(placement.on_cpu, [("Gather".to_owned(), 2), ("Shape".to_owned(), 1)]);
        assert!((placement.cpu_share() - 0.6).abs() < 1e-9);
    }

    #[test]
    fn all_nodes_in_one_place_are_not_listed() {
        let device = " All nodes placed on [WebGpuExecutionProvider]. Number of nodes: 5";
        assert_eq!(parse_text(device, &[]), Placement { nodes: 5, on_cpu: Vec::new() });
        let cpu = " All nodes placed on [CPUExecutionProvider]. Number of nodes: 2";
        let placement = parse_text(cpu, &[("Relu", 1), ("Gemm", 1)]);
        assert_eq!((placement.nodes, placement.on_cpu.len()), (2, 2));
        assert_eq!(parse_text("", &[]), Placement::default());
    }
}
