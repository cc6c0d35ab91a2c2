//! Lanes 1 to 16, as threads and as processes, by three rules of waiting: does waiting for the whole device, or a lock
//! around everything, cost what was once taken for the driver's own serialisation? The same rows and the same answers in
//! every case.
//!
//!     waits MODEL [--json] [--batch ROWS] [--seconds S] [--spin US]
//!
//! Prints a table, or one JSON document. Each lane has one batch under way and waits for it before the next. The first
//! batch is compared with the plan as the processor interprets it, and sampled ones with the first.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

mod crew;
mod lane;
mod options;
mod order;
mod rule;
mod table;

use std::sync::Arc;

use phalanx_backend::{Backend, Device, PrepareOptions};
use phalanx_model::Model;

use crew::{Crew, Kind};
use lane::OneLane;
use options::Options;
use order::Order;
use rule::{GlobalLock, Rule};
use table::Row;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Lanes that work at the same time.
const LANES: [usize; 5] = [1, 2, 4, 8, 16];

fn main() -> Result<(), Failure> {
    let options = Options::read(std::env::args().skip(1))?;
    if let Some(lock) = &options.child_lock {
        return crew::child(&options, lock);
    }
    let mut rows = Vec::new();
    for kind in [Kind::Threads, Kind::Processes] {
        let mut crew = Crew::start(kind, &options, LANES[LANES.len() - 1])?;
        for lanes in LANES {
            for rule in Rule::ALL {
                let order = Order { rule, millis: options.millis };
                let answers = crew.work(lanes, order)?;
                rows.push(Row::new(kind, lanes, rule, options.batch, &answers));
                eprintln!("{}", rows[rows.len() - 1]);
            }
        }
    }
    if options.is_json {
        println!("{}", table::json(&options, &rows));
    } else {
        print!("{}", table::text(&rows));
    }
    Ok(())
}

/// The model on the GPU, as all lanes of a process share it.
fn program(options: &Options) -> Result<(Model, Arc<dyn phalanx_backend::Program>), Failure> {
    let model = Model::load(&options.model)?;
    let rows_max = options.batch.try_into()?;
    let prepare = PrepareOptions { rows_max, spin_us: options.spin_us, ..PrepareOptions::default() };
    let program = phalanx_cuda::Cuda::new().prepare(&model, Device::Cuda(0), &prepare)?;
    Ok((model, program))
}
