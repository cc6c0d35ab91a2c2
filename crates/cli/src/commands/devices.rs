use phalanx_measure::Machine;
use phalanx_measure::report::{Column, Table};
use serde::Serialize;

use crate::args::DevicesArgs;
use crate::failure::Failure;
use crate::listing::Listing;
use crate::terminal;

#[derive(Serialize)]
struct Report {
    phalanx: &'static str,
    machine: Machine,
    backends: Vec<Listing>,
}

pub(super) fn execute(args: &DevicesArgs) -> Result<(), Failure> {
    let backends = phalanx_engine::backends(args.onnxruntime.as_deref());
    let report = Report {
        phalanx: env!("CARGO_PKG_VERSION"),
        machine: Machine::here(),
        backends: backends.iter().map(|backend| Listing::of(&**backend)).collect(),
    };
    let named = report.backends.iter().find(|backend| backend.name == "onnxruntime");
    let missing = named.filter(|backend| backend.unavailable.is_some());
    if let Some(backend) = missing.filter(|_| args.onnxruntime.is_some()) {
        let failure = Failure::new(backend.unavailable.as_deref().unwrap_or_default());
        return Err(backend.hint.iter().fold(failure, |failure, hint| failure.hint(hint)));
    }
    if args.json {
        return terminal::json(&report);
    }
    print(&report)
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
            table.row([device.device.clone(), backend.name.clone(), version(), device.description.clone()]);
        }
        if let Some(why) = &backend.unavailable {
            table.row(["-".to_owned(), backend.name.clone(), version(), why.clone()]);
        }
    }
    let loaded =
        report.backends.iter().filter_map(|backend| Some((&backend.name, backend.library.as_ref()?)));
    let loaded: String = loaded.map(|(name, library)| format!("{name} is {library}\n")).collect();
    terminal::data(&format!("{table}{}{loaded}", if loaded.is_empty() { "" } else { "\n" }))?;
    report.backends.iter().filter_map(|backend| backend.hint.as_deref()).for_each(terminal::hint);
    Ok(())
}
