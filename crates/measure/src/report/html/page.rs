use super::{curves, histogram};
use crate::report::BenchReport;
use crate::report::columns::{COLUMNS, cells};

const STYLE: &str = include_str!("report.css");

/// The report as one file: no script, and nothing that is loaded from elsewhere.
#[must_use]
pub fn html(report: &BenchReport) -> String {
    let title = report.model.as_ref().map_or("phalanx bench", |model| &*model.name);
    let charts = curves::charts(&report.rows);
    let charts: String = charts.iter().map(super::chart::Chart::figure).collect();
    let histograms = histogram::histograms(&report.rows);
    let shown = |heading: &str, figures: String| {
        if figures.is_empty() {
            String::new()
        } else {
            format!("<h2>{heading}</h2>\n<div class=\"figures\">\n{figures}</div>\n")
        }
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}: phalanx bench</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{facts}{charts}{histograms}\
         <h2>Figures</h2>\n{table}{notes}</main>\n</body>\n</html>\n",
        title = escaped(title),
        facts = facts(report),
        charts = shown("Curves", charts),
        histograms = shown("Batches", histograms),
        table = table(report),
        notes = notes(report),
    )
}

/// What the figures were measured on.
fn facts(report: &BenchReport) -> String {
    let machine = &report.machine;
    let mut facts = vec![
        ("processor", format!("{}, {} to be used, {}", machine.cpu, machine.cpus, machine.arch)),
        ("system", machine.system.clone()),
        (
            "phalanx",
            report.commit.map_or(report.phalanx.to_owned(), |at| format!("{}, {at}", report.phalanx)),
        ),
    ];
    if let Some(backend) = &report.backend {
        facts.push(("backend", format!("{} {} on {}", backend.name, backend.version, backend.device)));
    }
    if let Some(ceilings) = &report.ceilings {
        let gflop_per_s = ceilings.flop_per_s / 1e9;
        facts.push(("ceiling", format!("{gflop_per_s:.0} GFLOP/s ({})", ceilings.flop_by)));
    }
    let options = report.options.iter().map(|(name, value)| format!("{name} {value}"));
    facts.push(("options", options.collect::<Vec<_>>().join(", ")));
    let row = |(name, value): &(&str, String)| format!("<dt>{name}</dt><dd>{}</dd>\n", escaped(value));
    format!("<dl>\n{}</dl>\n", facts.iter().map(row).collect::<String>())
}

fn table(report: &BenchReport) -> String {
    let titles: String =
        COLUMNS.iter().map(|column| format!("<th>{}</th>", escaped(column.title()))).collect();
    let row = |cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = report.rows.iter().map(|each| row(&cells(each))).collect();
    format!(
        "<div class=\"wide\"><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

fn notes(report: &BenchReport) -> String {
    let notes: String = report.notes().iter().map(|note| format!("<li>{}</li>\n", escaped(note))).collect();
    format!("<ul class=\"notes\">\n{notes}</ul>\n")
}

/// A text that HTML takes for nothing else.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
