use phalanx_measure::report::{Column, Table, figure, grouped};
use phalanx_measure::seeds::{Curve, Figures, Judged, Ledger, Verdict, curves, judge};
use serde::Serialize;

use super::measure::measure;
use crate::args::SeedsArgs;
use crate::failure::Failure;
use crate::terminal;

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    curves: Vec<Curve>,
    claims: Vec<Judged>,
}

/// Lays this machine's curves beside the seeds', and judges what they claim.
pub(super) fn execute(args: &SeedsArgs) -> Result<(), Failure> {
    let text = match &args.from {
        Some(path) => std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?,
        None => serde_json::to_string(&measure(&args.measure())?).map_err(Failure::new)?,
    };
    let figures = Figures::parse(&text).map_err(|error| {
        Failure::new(format_args!("expected a report of `phalanx bench --strategy all --json`: {error}"))
    })?;
    let ledger = Ledger::read().map_err(Failure::new)?;
    let claims = ledger.claims.iter().map(|claim| judge(claim, &figures)).collect();
    let document = Document { curves: curves(&ledger, &figures), claims };
    if args.json { terminal::json(&document) } else { terminal::data(&print(&document)) }
}

fn print(document: &Document) -> String {
    let mut text = String::new();
    for curve in &document.curves {
        let title = terminal::title(&format!("{}, samples/s", curve.name));
        text.push_str(&format!("{title}\n{}\n\n{}\n", curve.caveat, points(curve)));
    }
    text.push_str(&format!("{}\n{}\n", terminal::title("claims"), ledger(&document.claims)));
    let count = |verdict| document.claims.iter().filter(|claim| claim.verdict == verdict).count();
    text.push_str(&format!(
        "{} claims: {} hold, {} fail, {} cannot be tested here\n",
        document.claims.len(),
        count(Verdict::Holds),
        count(Verdict::Fails),
        count(Verdict::NotTestable)
    ));
    text
}

fn points(curve: &Curve) -> Table {
    let mut table = Table::new(&[
        Column::Left("where"),
        Column::Left("what"),
        Column::Right("M4 Max, claimed"),
        Column::Right("of first"),
        Column::Right("here"),
        Column::Right("of first"),
    ]);
    for point in &curve.points {
        table.row([
            point.place.clone(),
            point.what.clone(),
            grouped(point.seeds),
            grouped(point.seeds_of_first),
            figure(point.here),
            figure(point.here_of_first),
        ]);
    }
    table
}

fn ledger(claims: &[Judged]) -> Table {
    let mut table = Table::new(&[
        Column::Left("where"),
        Column::Left("says"),
        Column::Right("claimed"),
        Column::Right("own sum"),
        Column::Right("here"),
        Column::Left("verdict"),
        Column::Left("because"),
        Column::Left("command"),
    ]);
    for claim in claims {
        table.row([
            format!("{}:{}", claim.document, claim.line),
            claim.says.clone(),
            figure(claim.claimed),
            figure(claim.own_sum),
            figure(claim.here),
            claim.verdict.name().to_owned(),
            claim.because.clone(),
            claim.test.clone().unwrap_or_default(),
        ]);
    }
    table
}
