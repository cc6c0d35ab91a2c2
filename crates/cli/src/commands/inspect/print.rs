use phalanx_measure::report::{Column, Table, thousands};

use super::report::{Entry, Report};
use super::verdict::Verdict;
use crate::failure::Failure;
use crate::session::count;
use crate::terminal;

const MIB: f64 = (1 << 20) as f64;

/// Prints a report for people.
pub(super) fn print(report: &Report) -> Result<(), Failure> {
    let mut text = format!("{}\n", terminal::title(&report.name));
    text.push_str(&format!(
        "opset {}, {} parameters ({:.1} MiB)",
        report.opset,
        thousands(report.parameters),
        report.parameter_bytes as f64 / MIB
    ));
    if !report.external_data.is_empty() {
        text.push_str(&format!(", {} with weights beside it", count(report.external_data.len(), "file")));
    }
    text.push_str("\n\n");
    text.push_str(&entries(report).to_string());
    text.push_str(&format!("\nbatching: {}, because {}\n", report.batching.mode, report.batching.reason));
    text.push_str(&format!("\noperators: {}\n", operators(report)));
    if !report.backends.is_empty() {
        text.push_str(&format!("\n{}", backends(report)));
    }
    terminal::data(&text)?;
    report.warnings.iter().for_each(|warning| terminal::warning(warning));
    report.hints.iter().for_each(|hint| terminal::hint(hint));
    Ok(())
}

fn entries(report: &Report) -> Table {
    let mut table =
        Table::new(&[Column::Left(""), Column::Left("name"), Column::Left("dtype"), Column::Left("shape")]);
    let shape = |entry: &Entry| {
        entry.shape.as_ref().map_or_else(|| "unknown".to_owned(), |axes| format!("[{}]", axes.join(", ")))
    };
    for (kind, entries) in [("input", &report.inputs), ("output", &report.outputs)] {
        for entry in entries {
            table.row([kind.to_owned(), entry.name.clone(), entry.dtype.to_owned(), shape(entry)]);
        }
    }
    table
}

/// Most frequent first.
fn operators(report: &Report) -> String {
    let mut operators: Vec<(&String, &usize)> = report.operators.iter().collect();
    operators.sort_by_key(|&(name, count)| (std::cmp::Reverse(count), name));
    let named: Vec<String> = operators.iter().map(|(name, count)| format!("{name} {count}")).collect();
    named.join(", ")
}

fn backends(report: &Report) -> Table {
    let mut table = Table::new(&[
        Column::Left("backend"),
        Column::Left("version"),
        Column::Left("runs it"),
        Column::Left("on the CPU instead"),
    ]);
    for verdict in &report.backends {
        let version = verdict.version.clone().unwrap_or_else(|| "-".to_owned());
        table.row([
            verdict.name.to_owned(),
            version,
            runs(verdict, &report.device),
            left_on_cpu(verdict, report),
        ]);
    }
    table
}

fn runs(verdict: &Verdict, device: &str) -> String {
    match (&verdict.reason, &*verdict.stopped_by) {
        (None, _) => format!("on {device}"),
        (Some(reason), []) => format!("no: {reason}"),
        (Some(_), operators) => format!("no, because of {}", operators.join(", ")),
    }
}

fn left_on_cpu(verdict: &Verdict, report: &Report) -> String {
    match verdict.nodes {
        Some(nodes) if report.device != "cpu" => {
            let left: usize = verdict.on_cpu.iter().map(|entry| entry.nodes).sum();
            let named: Vec<String> =
                verdict.on_cpu.iter().map(|entry| format!("{} {}", entry.operator, entry.nodes)).collect();
            format!("{left} of {nodes} nodes {}", named.join(", ")).trim_end().to_owned()
        }
        _ => "-".to_owned(),
    }
}
