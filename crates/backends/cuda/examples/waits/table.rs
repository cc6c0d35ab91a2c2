use std::fmt;

use crate::crew::Kind;
use crate::options::Options;
use crate::order::Answer;
use crate::rule::Rule;

/// What lanes of one kind reached together by one rule.
pub(crate) struct Row {
    kind: Kind,
    lanes: usize,
    rule: Rule,
    rows_per_s: f64,
    /// The median over lanes, and the worst.
    p50_us: f64,
    p99_us: f64,
}

impl Row {
    pub(crate) fn new(kind: Kind, lanes: usize, rule: Rule, batch: usize, answers: &[Answer]) -> Self {
        let rate = |answer: &Answer| answer.batches as f64 * batch as f64 / answer.seconds;
        let mut p50_us: Vec<f64> = answers.iter().map(|answer| answer.p50_us).collect();
        p50_us.sort_unstable_by(f64::total_cmp);
        Self {
            kind,
            lanes,
            rule,
            rows_per_s: answers.iter().map(rate).sum(),
            p50_us: p50_us.get(p50_us.len() / 2).copied().unwrap_or(0.0),
            p99_us: answers.iter().map(|answer| answer.p99_us).fold(0.0, f64::max),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, lanes, rule, rows_per_s, p50_us, p99_us } = self;
        write!(f, "{kind:<9}  {lanes:>5}  {rule:<11}  {rows_per_s:>12.0}  {p50_us:>8.1}  {p99_us:>8.1}")
    }
}

/// Beside each row, what it is of the same kind's and rule's single lane.
pub(crate) fn text(rows: &[Row]) -> String {
    let mut text =
        "lanes are  lanes  wait            samples/s    p50 µs    p99 µs  of one lane\n".to_owned();
    for row in rows {
        text.push_str(&format!("{row}  {:>11.2}\n", of_one_lane(row, rows)));
    }
    text
}

pub(crate) fn json(options: &Options, rows: &[Row]) -> String {
    let row = |row: &Row| {
        let Row { kind, lanes, rule, rows_per_s, p50_us, p99_us } = row;
        format!(
            "{{\"lanes_are\": \"{kind}\", \"lanes\": {lanes}, \"wait\": \"{rule}\", \"samples_per_s\": {rows_per_s:.0}, \
             \"p50_us\": {p50_us:.2}, \"p99_us\": {p99_us:.2}, \"of_one_lane\": {:.3}}}",
            of_one_lane(row, rows)
        )
    };
    format!(
        "{{\"model\": {:?}, \"batch\": {}, \"precision\": \"fp32\", \"window_ms\": {}, \"spin_us\": {}, \"rows\": [\n{}\n]}}",
        options.model.display().to_string(),
        options.batch,
        options.millis,
        options.spin_us,
        rows.iter().map(row).collect::<Vec<_>>().join(",\n")
    )
}

fn of_one_lane(row: &Row, rows: &[Row]) -> f64 {
    let is_one = |one: &&Row| one.lanes == 1 && one.kind == row.kind && one.rule == row.rule;
    rows.iter().find(is_one).map_or(f64::NAN, |one| row.rows_per_s / one.rows_per_s)
}
