//! `phalanx load`: load on a server, over the protocol that it speaks.

mod live;
mod plan;
mod print;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use phalanx_measure::Machine;
use phalanx_measure::remote::{
    Access, ClosedLoop, GoodputReport, LoadGenerator, LoadReport, OpenLoop, RemoteError, RequestOptions,
    Server, Target,
};
use serde::Serialize;

use self::live::Live;
use crate::args::LoadArgs;
use crate::dataset;
use crate::failure::Failure;
use crate::terminal;

/// The one JSON document.
#[derive(Serialize)]
struct Document<'a, R> {
    phalanx: &'static str,
    machine: Machine,
    #[serde(flatten)]
    report: &'a R,
}

pub(super) fn execute(args: &LoadArgs) -> Result<(), Failure> {
    let generator = generator(args)?;
    if args.search.find_goodput {
        let report = find_goodput(args, &generator)?;
        let best = report.best().map(|probe| &probe.report);
        finish(args, &report, best, || print::goodput(&report))
    } else {
        let report = load(args, &generator)?;
        finish(args, &report, Some(&report), || print::load(&report))
    }
}

/// Prints a report, and writes the histograms of the load that it is about.
fn finish(
    args: &LoadArgs,
    report: &impl Serialize,
    load: Option<&LoadReport>,
    print: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    if let (Some(path), Some(load)) = (&args.hdr, load) {
        write_hdr(path, load)?;
    }
    if !args.json {
        return print();
    }
    let phalanx = env!("CARGO_PKG_VERSION");
    terminal::json(&Document { phalanx, machine: Machine::here(), report })
}

/// Asks the server for the model, and makes the requests.
fn generator(args: &LoadArgs) -> Result<LoadGenerator, Failure> {
    let server = Server::ask(target(args)?, access(args)?, &args.model, &args.model_version)?;
    let requests = &args.requests;
    let samples = match &requests.samples.inputs {
        Some(path) => dataset::samples(path, server.signature())?,
        None => server.draw(requests.samples.draw())?,
    };
    let options = RequestOptions {
        format: args.format.into(),
        rows: requests.rows,
        timeout: requests.timeout,
        priority: requests.priority,
        compared: args.check,
        patience: args.patience,
    };
    Ok(server.load(&samples, &options)?)
}

fn load(args: &LoadArgs, generator: &LoadGenerator) -> Result<LoadReport, Failure> {
    match plan::closed(args) {
        Some(plan) => {
            let ClosedLoop { warm_up, duration, .. } = plan;
            let live = Live::start(warm_up + duration);
            Ok(generator.closed_loop(&plan, &mut live.watch(""))?)
        }
        None => {
            let plan: OpenLoop = plan::open(args)?;
            let live = Live::start(plan.profile.duration());
            Ok(generator.open_loop(&plan, &mut live.watch(""))?)
        }
    }
}

fn find_goodput(args: &LoadArgs, generator: &LoadGenerator) -> Result<GoodputReport, Failure> {
    let plan = plan::search(args)?;
    let live = Live::start(plan.warm_up + plan.duration);
    let mut watch = live.watch("probing: ");
    let probed = &mut |probe: &_| live.above(&print::probe(probe));
    Ok(generator.find_goodput(&plan, &mut watch, probed)?)
}

fn target(args: &LoadArgs) -> Result<Target, Failure> {
    let url = match args.url.split_once("://") {
        Some(("http", rest)) if args.grpc => format!("grpc://{rest}"),
        Some(("https", rest)) if args.grpc => format!("grpcs://{rest}"),
        None if args.grpc => format!("grpc://{}", args.url),
        _ => args.url.clone(),
    };
    Ok(url.parse()?)
}

fn access(args: &LoadArgs) -> Result<Access, Failure> {
    let api_key = match &args.requests.api_key_file {
        Some(path) => {
            let key = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
            Some(key.trim().to_owned())
        }
        None => args.requests.api_key.clone(),
    };
    Ok(Access { api_key, tls_ca: args.requests.tls_ca.clone() })
}

fn write_hdr(path: &Path, report: &LoadReport) -> Result<(), Failure> {
    let refuse = |error: std::io::Error| Failure::file("write", path, &error);
    let mut file = BufWriter::new(File::create(path).map_err(refuse)?);
    report.write_hdr(&mut file)?;
    file.flush().map_err(refuse)
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Measure(error) => error.into(),
            RemoteError::Unreachable { .. } => {
                Self::new(&error).hint("is the server running, and on this address and port?")
            }
            RemoteError::Metadata { .. } => Self::new(&error)
                .hint("is the model loaded under this name, and the protocol's version 2 spoken there?"),
            _ => Self::new(&error),
        }
    }
}
