//! Worker processes, for real: this executable is the parent, and started again it is the workers.

mod backend;
mod crashes;
mod interrupts;
mod leaks;
mod orphans;
mod restarts;
mod rig;
mod runs;
mod starts;
mod suite;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if phalanx_worker::is_worker() {
        return backend::worker();
    }
    if let Some(role) = std::env::var_os(orphans::PARENT) {
        return orphans::parent(&role);
    }
    let mut trials: Vec<Trial> = [
        runs::CASES,
        starts::CASES,
        crashes::CASES,
        interrupts::CASES,
        restarts::CASES,
        orphans::CASES,
        leaks::CASES,
    ]
    .concat()
    .into_iter()
    .map(|(name, case)| {
        Trial::test(name, move || {
            case();
            Ok(())
        })
    })
    .collect();
    trials.extend(suite::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test case and its name.
type Case = (&'static str, fn());
