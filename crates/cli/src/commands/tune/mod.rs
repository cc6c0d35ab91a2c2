//! Finding the configuration that suits a model on this machine, for `tune` and for `serve --tune`.

mod configuration;
mod search;
mod serving;
mod watch;

use phalanx_measure::tune::{Found, Objective};

use crate::args::TuneArgs;
use crate::failure::Failure;
use crate::terminal;
use search::{Search, apply};
pub(super) use serving::for_serving;
use watch::Watcher;

pub(super) fn execute(args: &TuneArgs) -> Result<(), Failure> {
    if args.output.exists() && !args.force {
        return Err(Failure::new(format_args!("{:?} is there already", args.output.display().to_string()))
            .hint("--force replaces it, --output names another"));
    }
    let search = Search::new(args)?;
    let found = search.run(&mut Watcher::new())?;
    configuration::write(args, &search, &found)?;
    terminal::words(&format!("wrote {}; phalanx serve --config {0}", args.output.display()));
    match args.json {
        true => terminal::json(&found)?,
        false => terminal::data(&configuration::table(&search.plan, &found))?,
    }
    reached(args, &found)
}

/// Fails where the rate that is to be expected cannot be had.
fn reached(args: &TuneArgs, found: &Found) -> Result<(), Failure> {
    match (args.rate, args.objective) {
        (Some(rate), Objective::Goodput | Objective::Throughput) if found.score.value < rate => {
            Err(Failure::Checks {
                message: format!("expected {rate} requests/s, got {:.0} at best", found.score.value),
            })
        }
        (Some(rate), Objective::Latency) if found.score.value <= 0.0 => {
            Err(Failure::Checks { message: format!("{rate} requests/s cannot be answered in time") })
        }
        _ => Ok(()),
    }
}
