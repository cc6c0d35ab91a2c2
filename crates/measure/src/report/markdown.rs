use super::columns::{COLUMNS, cells};
use super::{BenchReport, Column};

/// The report as Markdown: what it was measured on, a table, and what has to be said of it.
#[must_use]
pub fn markdown(report: &BenchReport) -> String {
    let machine = &report.machine;
    let model = report.model.as_ref().map_or("phalanx bench", |model| &*model.name);
    let backend = report.backend.as_ref();
    let backend =
        backend.map(|backend| format!("{} {} on {}, ", backend.name, backend.version, backend.device));
    let commit = report.commit.map(|commit| format!(" ({commit})")).unwrap_or_default();
    let mut text = format!(
        "## {}\n\n{}{} with {} CPUs, {}, phalanx {}{commit}\n\n",
        cell(model),
        backend.unwrap_or_default(),
        machine.cpu,
        machine.cpus,
        machine.system,
        report.phalanx,
    );
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    text.push_str(&line(COLUMNS.iter().map(|column| column.title().to_owned()).collect()));
    let rule = |column: &Column| match column {
        Column::Left(_) => "---".to_owned(),
        Column::Right(_) => "---:".to_owned(),
    };
    text.push_str(&line(COLUMNS.iter().map(rule).collect()));
    for row in &report.rows {
        text.push_str(&line(cells(row).iter().map(|text| cell(text)).collect()));
    }
    text.push('\n');
    report.notes().iter().for_each(|note| text.push_str(&format!("- {note}\n")));
    text
}

/// A text that ends no cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
