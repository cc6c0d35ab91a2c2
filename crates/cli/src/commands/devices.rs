use phalanx_backend::{Backend, BackendError};
use phalanx_measure::Machine;
use phalanx_measure::report::{Column, Table};
use serde::Serialize;

use crate::args::DevicesArgs;
use crate::failure::Failure;
use crate::{session, terminal};

#[derive(Serialize)]
struct Report {
    phalanx: &'static str,
    machine: Machine,
    backends: Vec<BackendDevices>,
}

#[derive(Serialize)]
struct BackendDevices {
    name: &'static str,
    version: Option<String>,
    /// Where its runtime was loaded from.
    library: Option<String>,
    devices: Vec<Device>,
    /// Why it cannot be used.
    unavailable: Option<String>,
    hint: Option<String>,
}

#[derive(Serialize)]
struct Device {
    device: String,
    description: String,
}

pub(super) fn execute(args: &DevicesArgs) -> Result<(), Failure> {
    let backends = phalanx_engine::backends(args.onnxruntime.as_deref());
    let report = Report {
        phalanx: env!("CARGO_PKG_VERSION"),
        machine: Machine::here(),
        backends: backends.iter().map(|backend| look(&**backend)).collect(),
    };
    let missing = report.backends.iter().find(|backend| backend.unavailable.is_some());
    if let Some(backend) = missing.filter(|_| args.onnxruntime.is_some()) {
        let failure = Failure::new(backend.unavailable.as_deref().unwrap_or_default());
        return Err(backend.hint.iter().fold(failure, |failure, hint| failure.hint(hint)));
    }
    if args.json {
        return terminal::json(&report);
    }
    print(&report)
}

fn look(backend: &dyn Backend) -> BackendDevices {
    let version = backend.version().ok();
    let (version, library) = version.as_deref().map(session::version).unzip();
    let mut found = BackendDevices {
        name: backend.name(),
        version: version.map(str::to_owned),
        library: library.flatten().map(str::to_owned),
        devices: Vec::new(),
        unavailable: None,
        hint: None,
    };
    match backend.devices() {
        Ok(devices) => {
            let device = |info: phalanx_backend::DeviceInfo| Device {
                device: info.device.to_string(),
                description: info.description,
            };
            found.devices = devices.into_iter().map(device).collect();
        }
        Err(error) => {
            found.unavailable = Some(error.to_string());
            if let BackendError::Unavailable { hint, .. } = error {
                found.hint = hint;
            }
        }
    }
    found
}

fn print(report: &Report) -> Result<(), Failure> {
    let mut table = Table::new(&[
        Column::Left("device"),
        Column::Left("backend"),
        Column::Left("version"),
        Column::Left("what it is"),
    ]);
    for backend in &report.backends {
        let version = || backend.version.clone().unwrap_or_else(|| "-".to_owned());
        for device in &backend.devices {
            table.row([
                device.device.clone(),
                backend.name.to_owned(),
                version(),
                device.description.clone(),
            ]);
        }
        if let Some(why) = &backend.unavailable {
            table.row(["-".to_owned(), backend.name.to_owned(), version(), why.clone()]);
        }
    }
    let loaded = report.backends.iter().filter_map(|backend| Some((backend.name, backend.library.as_ref()?)));
    let loaded: String = loaded.map(|(name, library)| format!("{name} is {library}\n")).collect();
    terminal::data(&format!("{table}{}{loaded}", if loaded.is_empty() { "" } else { "\n" }))?;
    report.backends.iter().filter_map(|backend| backend.hint.as_deref()).for_each(terminal::hint);
    Ok(())
}
