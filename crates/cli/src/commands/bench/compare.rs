use std::path::Path;

use phalanx_measure::compare::{Comparison, Run, Verdict, compare};
use phalanx_measure::report::{Column, Table, grouped};

use crate::args::CompareArgs;
use crate::failure::Failure;
use crate::terminal;

/// Says which rows differ by more than their noise, and fails where one is slower by more than allowed.
pub(super) fn execute(args: &CompareArgs) -> Result<(), Failure> {
    let runs: Vec<Run> = args.files.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let is_before = |index: &usize| index.is_multiple_of(2);
    let side = |before: bool| -> Vec<Run> {
        let chosen = (0..runs.len()).filter(|index| is_before(index) == before);
        chosen.map(|index| runs[index].clone()).collect()
    };
    let comparison = compare(&side(true), &side(false), args.fail_over).map_err(Failure::new)?;
    comparison.warnings.iter().for_each(|warning| terminal::warning(warning));
    if args.json {
        terminal::json(&comparison)?;
    } else {
        terminal::data(&table(&comparison))?;
    }
    let slower = comparison.rows.iter().filter(|row| row.verdict == Verdict::Regression).count();
    if slower == 0 {
        return Ok(());
    }
    let allowed = grouped(100.0 * args.fail_over);
    let rows = if slower == 1 { "row is" } else { "rows are" };
    Err(Failure::Checks { message: format!("{slower} {rows} slower by more than {allowed} %") })
}

fn read(path: &Path) -> Result<Run, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    Run::parse(&text).map_err(|error| {
        let path = path.display();
        Failure::new(format_args!("{path}: expected a report of `phalanx bench --json`: {error}"))
    })
}

fn table(comparison: &Comparison) -> String {
    let mut table = Table::new(&[
        Column::Left("row"),
        Column::Right("before"),
        Column::Right("after"),
        Column::Right("change"),
        Column::Right("p, corrected"),
        Column::Left("verdict"),
    ]);
    for row in &comparison.rows {
        table.row([
            row.name.clone(),
            grouped(row.before),
            grouped(row.after),
            format!("{:+.1} %", 100.0 * row.change),
            format!("{:.4}", row.p),
            row.verdict.name().to_owned(),
        ]);
    }
    let differing = comparison.rows.iter().filter(|row| row.verdict != Verdict::Same).count();
    let summary = match differing {
        0 => "no difference beyond the noise".to_owned(),
        1 => "1 row differs beyond the noise".to_owned(),
        _ => format!("{differing} rows differ beyond the noise"),
    };
    format!("{table}\n{summary}\n")
}
