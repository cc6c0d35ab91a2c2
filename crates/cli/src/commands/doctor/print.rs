use phalanx_engine::choice::CachedChoice;
use phalanx_measure::host::Limits;
use phalanx_measure::proof::{Outcome, Proof};
use phalanx_measure::report::{Column, Table, grouped};

use super::report::{BackendReport, DeviceReport, ProofReport, Report};
use crate::failure::Failure;
use crate::session::count;
use crate::terminal::{self, title};

/// Choices that are shown, the newest first.
const CHOICES: usize = 8;

/// For people: devices and their proofs, drivers, limits.
pub(super) fn print(report: &Report) -> Result<(), Failure> {
    let mut text = format!("{}\n{}", title("Devices"), devices(&report.backends));
    let libraries =
        report.backends.iter().filter_map(|backend| Some((&backend.name, backend.library.as_ref()?)));
    libraries.for_each(|(name, library)| text += &format!("{name} is {}\n", library.display()));
    if let Some(drivers) = drivers(report) {
        text += &format!("\n{}\n{drivers}", title("Drivers"));
    }
    if !report.choices.is_empty() {
        text += &format!("\n{}\n{}", title("Choices of auto"), choices(&report.choices));
    }
    text += &format!("\n{}\n{}", title("Machine"), machine(report));
    terminal::data(&text)?;
    report.hints.iter().for_each(|hint| terminal::hint(hint));
    Ok(())
}

fn devices(backends: &[BackendReport]) -> Table {
    let mut table = Table::new(&[
        Column::Left("device"),
        Column::Left("backend"),
        Column::Left("version"),
        Column::Left("proof"),
        Column::Right("GFLOP/s"),
        Column::Right("of the CPU's"),
        Column::Right("ready s"),
        Column::Left("what it is"),
    ]);
    for backend in backends {
        let version = backend.version.clone().unwrap_or_else(|| "-".to_owned());
        for device in &backend.devices {
            let [proof, rate, ratio, ready] = proof(device);
            let (name, what) = (device.device.clone(), device.description.clone());
            table.row([name, backend.name.clone(), version.clone(), proof, rate, ratio, ready, what]);
        }
        let death = backend.death.as_ref().map(|death| ("crashed", death.ending.to_string()));
        let missing = backend.unavailable.clone().map(|why| ("-", why));
        if let Some((proof, why)) = death.or(missing) {
            let dash = || "-".to_owned();
            let cells =
                [dash(), backend.name.clone(), version, proof.to_owned(), dash(), dash(), dash(), why];
            table.row(cells);
        }
    }
    table
}

/// The proof, the rate, its ratio to the CPU's, and the time until the first answer.
fn proof(device: &DeviceReport) -> [String; 4] {
    let dash = || "-".to_owned();
    let (word, ready_s) = match &device.proof {
        ProofReport::Died { death, .. } => (death.ending.to_string(), None),
        ProofReport::Ended(Proof { ready_s, outcome }) => {
            let word = match outcome {
                Outcome::Right { .. } => "right",
                Outcome::Wrong { .. } => "WRONG",
                Outcome::Failed { is_missing: true, .. } => "not usable",
                Outcome::Failed { is_missing: false, .. } => "failed",
            };
            (word.to_owned(), *ready_s)
        }
    };
    [
        word,
        device.flop_per_s().map_or_else(dash, |rate| grouped(rate / 1e9)),
        device.cpu_ratio.map_or_else(dash, |ratio| format!("{ratio:.2} x")),
        ready_s.map_or_else(dash, |seconds| format!("{seconds:.2}")),
    ]
}

fn choices(choices: &[CachedChoice]) -> Table {
    let mut table = Table::new(&[Column::Left("model"), Column::Left("runs on"), Column::Left("of")]);
    for choice in choices.iter().take(CHOICES) {
        let tried = count(choice.trials.len(), "candidate");
        table.row([choice.model.clone(), choice.chosen.to_string(), tried]);
    }
    table
}

fn drivers(report: &Report) -> Option<Table> {
    let mut table = Table::new(&[Column::Left("driver"), Column::Left("version"), Column::Left("where")]);
    for driver in &report.drivers {
        let version = driver.version.clone().unwrap_or_else(|| "-".to_owned());
        table.row([driver.name.to_owned(), version, driver.path.display().to_string()]);
    }
    for node in &report.device_nodes {
        let usable = if node.is_usable { "may be used" } else { "may not be used" };
        table.row(["GPU".to_owned(), usable.to_owned(), node.path.display().to_string()]);
    }
    (!report.drivers.is_empty() || !report.device_nodes.is_empty()).then_some(table)
}

fn machine(report: &Report) -> Table {
    let Limits { cpus, cpus_usable, cpu_quota, .. } = &report.limits;
    let limits = &report.limits;
    let quota = cpu_quota.map_or_else(String::new, |quota| format!(", a quota of {quota:.1}"));
    let memory_quota =
        limits.memory_quota_bytes.map_or_else(String::new, |bytes| format!(", a quota of {}", size(bytes)));
    let free = limits.memory_available_bytes.map_or_else(|| "unknown".to_owned(), size);
    let shared = limits.shared_memory.as_ref().map_or_else(
        || "-".to_owned(),
        |memory| format!("{} at {}, {} free", size(memory.total_bytes), memory.path, size(memory.free_bytes)),
    );
    let mut table = Table::new(&[Column::Left("what"), Column::Left("here")]);
    let mut row = |what: &str, here: String| table.row([what.to_owned(), here]);
    row("phalanx", report.phalanx.to_owned());
    row("system", format!("{}, {}", report.machine.system, report.machine.arch));
    row("processor", format!("{}, {cpus_usable} of {cpus} usable{quota}", report.machine.cpu));
    row("memory", format!("{}, {free} free{memory_quota}", size(limits.memory_bytes)));
    row("locked memory", limits.memlock_bytes.map_or_else(unlimited, size));
    row("open files", limits.open_files.map_or_else(unlimited, |files| grouped(files as f64)));
    row("shared memory", shared);
    row("core file", limits.core_bytes.map_or_else(unlimited, size));
    row("keeps crashes", report.crashes.keeps.clone());
    table
}

fn unlimited() -> String {
    "unlimited".to_owned()
}

/// A size in the largest unit that leaves a number above 1.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_units_that_people_read() {
        let sizes = [0, 1023, 1024, 8 << 20, 3 << 29, 1 << 41].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "8.0 MiB", "1.5 GiB", "2.0 TiB"]);
    }
}
