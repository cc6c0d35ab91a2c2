use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use phalanx_engine::choice;
use phalanx_measure::Machine;
use phalanx_measure::crash::{ChildLimits, ChildRun, Ending, run};
use phalanx_measure::evidence::{Collector, Keeper, Suspect};
use phalanx_measure::host::{Limits, device_nodes, drivers};
use phalanx_measure::proof::Proof;
use serde::de::DeserializeOwned;

use super::hints;
use super::report::{BackendReport, Death, DeviceReport, ProofReport, Report};
use crate::failure::Failure;
use crate::listing::{ListedDevice, Listing};
use crate::progress::Progress;

/// Lines of standard error that are kept of a process that died.
const STDERR_LINES: usize = 20;

/// Looks at everything. No runtime and no driver is loaded into this process.
pub(crate) fn examine(library: Option<&Path>, timeout: Duration) -> Result<Report, Failure> {
    let mut prober = Prober::new(library, timeout)?;
    let names: Vec<&str> = phalanx_engine::backends(library).iter().map(|backend| backend.name()).collect();
    let progress = Progress::steps(names.len() as u64);
    let mut backends = Vec::new();
    for name in names {
        backends.push(backend(&mut prober, name, &progress)?);
        progress.position(backends.len() as u64);
    }
    compare(&mut backends);
    let mut report = Report {
        phalanx: env!("CARGO_PKG_VERSION"),
        machine: Machine::here(),
        limits: Limits::here(),
        crashes: Keeper::here(),
        drivers: drivers(),
        device_nodes: device_nodes(),
        backends,
        choices: choice::cache_folder().map(|folder| choice::cached(&folder)).unwrap_or_default(),
        hints: Vec::new(),
        faults: Vec::new(),
    };
    report.hints = hints::of(&report);
    report.faults = report.backends.iter().flat_map(BackendReport::faults).collect();
    Ok(report)
}

fn backend(prober: &mut Prober, name: &str, progress: &Progress) -> Result<BackendReport, Failure> {
    progress.message(&format!("{name}: looking for devices"));
    let (listing, death) = match prober.ask::<Listing>(&["list", name])? {
        Ok(listing) => (listing, None),
        Err(death) => (Listing::unknown(name), Some(death)),
    };
    let devices = listing.devices.clone();
    let mut report = BackendReport::new(listing, death);
    for ListedDevice { device, description } in devices {
        progress.message(&format!("{name}: {device} computes"));
        let proof = match prober.ask::<Proof>(&["prove", name, &device])? {
            Ok(proof) => ProofReport::Ended(proof),
            Err(death) => ProofReport::Died { outcome: "died", death },
        };
        report.devices.push(DeviceReport { device, description, proof, cpu_ratio: None });
    }
    Ok(report)
}

/// Compares every device with the fastest that the CPU was.
fn compare(backends: &mut [BackendReport]) {
    let devices = backends.iter().flat_map(|backend| &backend.devices);
    let cpus = devices.filter(|device| device.device == "cpu").filter_map(DeviceReport::flop_per_s);
    let Some(fastest) = cpus.reduce(f64::max) else { return };
    for device in backends.iter_mut().flat_map(|backend| &mut backend.devices) {
        device.cpu_ratio = device.flop_per_s().map(|rate| rate / fastest);
    }
}

/// Starts this program again, to do what may crash.
struct Prober {
    program: PathBuf,
    /// What it is given before the question.
    args: Vec<OsString>,
    limits: ChildLimits,
    collector: Collector,
}

impl Prober {
    fn new(library: Option<&Path>, timeout: Duration) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(format_args!("failed to find the file of this program: {error}"))
        })?;
        let mut args = vec!["probe".into()];
        if let Some(library) = library {
            args.extend(["--onnxruntime".into(), library.into()]);
        }
        let limits = ChildLimits { time: timeout, ..ChildLimits::default() };
        Ok(Self { program, args, limits, collector: Collector::default() })
    }

    /// What `phalanx probe` answers, or how it died.
    fn ask<T: DeserializeOwned>(&mut self, question: &[&str]) -> Result<Result<T, Death>, Failure> {
        let since = SystemTime::now();
        let mut command = Command::new(&self.program);
        let child = run(command.args(&self.args).args(question), &self.limits).map_err(Failure::new)?;
        Ok(answer(&child).ok_or_else(|| self.death(&child, since)))
    }

    fn death(&mut self, child: &ChildRun, since: SystemTime) -> Death {
        let traces = child.ending.signal().map(|_| {
            let folder = std::env::current_dir().unwrap_or_default();
            let suspect = Suspect { pid: Some(child.pid), program: self.program.clone(), folder, since };
            self.collector.traces(&suspect)
        });
        Death {
            ending: child.ending.clone(),
            stderr: child.stderr_lines(STDERR_LINES),
            traces: traces.unwrap_or_default(),
        }
    }
}

/// The last line of what a process printed, if it ended well: runtimes may have printed others.
fn answer<T: DeserializeOwned>(child: &ChildRun) -> Option<T> {
    let last = child.stdout.trim_ascii_end().rsplit(|&byte| byte == b'\n').next()?;
    (child.ending == Ending::Exited { code: 0 }).then(|| serde_json::from_slice(last).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of a program that does this.
    fn ask(script: &str) -> Result<Listing, Death> {
        let args = vec!["-c".into(), script.into()];
        let (limits, collector) = (ChildLimits::default(), Collector::default());
        let mut prober = Prober { program: "sh".into(), args, limits, collector };
        prober.ask(&["list", "tract"]).unwrap()
    }

    #[test]
    fn the_last_line_is_the_answer() {
        let listing = serde_json::to_string(&Listing::unknown("tract")).unwrap();
        let script = format!("echo a runtime says hello; echo '{listing}'");
        assert_eq!(ask(&script).unwrap().name, "tract");
    }

    #[test]
    fn a_program_that_dies_or_talks_nonsense_is_dead() {
        let death = ask("echo why >&2; kill -SEGV $$").unwrap_err();
        assert_eq!(
            (death.ending.to_string(), death.stderr),
            ("was killed by SIGSEGV".to_owned(), vec!["why".to_owned()])
        );
        for script in ["exit 0", "echo '{}'", "exit 1"] {
            assert!(matches!(ask(script).unwrap_err().ending, Ending::Exited { .. }), "{script}");
        }
    }
}
