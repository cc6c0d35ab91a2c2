use phalanx_measure::remote::{GoodputReport, LoadReport, Probe, Quantiles, StepReport};
use phalanx_measure::report::{Column, Table, grouped, thousands};

use crate::failure::Failure;
use crate::terminal;

/// Lateness of the load generator, as a share of the SLO, from which on the user should know of it.
const LATE_SHARE: f64 = 0.1;

/// Prints a load for people: figures on standard output, remarks on standard error.
pub(super) fn load(report: &LoadReport) -> Result<(), Failure> {
    terminal::data(&format!("{}{}", heading(report), body(report)))?;
    late(report);
    Ok(())
}

/// Prints what a search found, and the load that it comes from.
pub(super) fn goodput(report: &GoodputReport) -> Result<(), Failure> {
    let promise = format!("{} % within {} ms", grouped(100.0 * report.share_min), grouped(report.slo_ms));
    let Some((probe, rate)) = report.best().zip(report.goodput_per_s) else {
        return terminal::data(&format!("no rate was found at which {promise}\n"));
    };
    let unconfirmed = if report.confirmed { "" } else { ", not confirmed: --probes allowed for no more" };
    let rows = report.goodput_rows_per_s.filter(|&rows| rows != rate);
    let rows = rows.map_or_else(String::new, |rows| format!(" ({} rows/s)", grouped(rows)));
    let found = format!("goodput: {} requests/s{rows}, {promise}{unconfirmed}\n", grouped(rate));
    terminal::data(&format!("{}{}\n{found}", heading(&probe.report), body(&probe.report)))?;
    late(&probe.report);
    Ok(())
}

/// One line about a measurement of a search.
pub(super) fn probe(probe: &Probe) -> String {
    let total = &probe.report.total;
    format!(
        "{} {}/s: {} in time{}, p99 {} ms: {}",
        if probe.confirms { "confirm" } else { "probe" },
        grouped(probe.rate),
        total.share.map_or_else(dash, percent),
        if probe.report.ended_early { " when it was clear" } else { "" },
        total.latency.map_or_else(dash, |latency| grouped(latency.p99_us / 1e3)),
        if probe.holds { "holds" } else { "does not hold" },
    )
}

fn heading(report: &LoadReport) -> String {
    let about = report.about();
    let title = format!("{} on {}, {}", about.model, about.server, about.protocol);
    let rows =
        if about.rows == 1 { "1 row".to_owned() } else { format!("{} rows", thousands(about.rows as u64)) };
    let how = match (&report.arrivals, report.callers, report.seed) {
        (Some(arrivals), _, Some(seed)) => format!("open loop, {arrivals} arrivals, seed {seed}"),
        (_, Some(callers), _) => format!("closed loop, {} callers", thousands(callers as u64)),
        _ => format!("{} loop", report.kind),
    };
    let slo = report.slo_ms.map_or_else(String::new, |slo| format!(", SLO {} ms", grouped(slo)));
    format!("{}\n{rows} a request, {how}{slo}\n\n", terminal::title(&title))
}

fn body(report: &LoadReport) -> String {
    let total = &report.total;
    let mut text = steps(report).to_string();
    if total.due > total.answered {
        text.push_str(&format!("\n{}", misses(total)));
    }
    text.push_str(&format!("\n{}", client(report)));
    text
}

fn steps(report: &LoadReport) -> Table {
    let mut table = Table::new(&[
        Column::Right("rate/s"),
        Column::Right("due"),
        Column::Right("in time/s"),
        Column::Right("in time"),
        Column::Right("answered/s"),
        Column::Right("p50 ms"),
        Column::Right("p90 ms"),
        Column::Right("p99 ms"),
        Column::Right("p99.9 ms"),
        Column::Right("max ms"),
        Column::Right("refused"),
        Column::Right("failed"),
        Column::Right("not sent"),
    ]);
    for step in &report.steps {
        step_row(&mut table, step, rate(step));
    }
    if report.steps.len() > 1 {
        step_row(&mut table, &report.total, "all".to_owned());
    }
    table
}

fn step_row(table: &mut Table, step: &StepReport, rate: String) {
    let latency = |of: fn(&Quantiles) -> f64| {
        step.latency.as_ref().map_or_else(dash, |quantiles| grouped(of(quantiles) / 1e3))
    };
    table.row([
        rate,
        thousands(step.due),
        grouped(step.goodput_per_s),
        step.share.map_or_else(dash, percent),
        grouped(step.throughput_per_s),
        latency(|q| q.p50_us),
        latency(|q| q.p90_us),
        latency(|q| q.p99_us),
        latency(|q| q.p999_us),
        latency(|q| q.max_us),
        thousands(step.refused),
        thousands(step.failed),
        thousands(step.not_sent),
    ]);
}

fn rate(step: &StepReport) -> String {
    match step.rate {
        Some([from, to]) if from == to => grouped(from),
        Some([from, to]) => format!("{} to {}", grouped(from), grouped(to)),
        None => dash(),
    }
}

/// Refusals and failures, by kind.
fn misses(total: &StepReport) -> Table {
    let mut table = Table::new(&[
        Column::Left("not answered"),
        Column::Right("requests"),
        Column::Right("p50 ms"),
        Column::Right("p99 ms"),
        Column::Right("since sent p99 ms"),
        Column::Left("retry after"),
        Column::Left("reason"),
    ]);
    let ms = |us: Option<f64>| us.map_or_else(dash, |us| grouped(us / 1e3));
    for refusal in &total.refusals {
        table.row([
            format!("refused, {}", refusal.status),
            thousands(refusal.count),
            ms(refusal.latency.map(|latency| latency.p50_us)),
            ms(refusal.latency.map(|latency| latency.p99_us)),
            ms(refusal.since_sent.map(|latency| latency.p99_us)),
            refusal.retry_after_s.map_or_else(dash, retry_after),
            refusal.reason.clone(),
        ]);
    }
    for failure in &total.failures {
        let mut row = vec![format!("failed, {}", failure.kind), thousands(failure.count)];
        row.extend([dash(), dash(), dash(), dash(), failure.first.clone()]);
        table.row(row);
    }
    if total.not_sent > 0 {
        let mut row = vec!["not sent".to_owned(), thousands(total.not_sent)];
        row.extend([dash(), dash(), dash(), dash(), "no connection was free in time".to_owned()]);
        table.row(row);
    }
    table
}

fn retry_after([low, high]: [f64; 2]) -> String {
    if low == high { format!("{low} s") } else { format!("{low} to {high} s") }
}

/// What the load generator itself did: a figure is worth what its own delays are small.
fn client(report: &LoadReport) -> String {
    let pair = |quantiles: Option<Quantiles>| {
        quantiles.map_or_else(dash, |q| {
            format!("p50 {} ms, p99 {} ms", grouped(q.p50_us / 1e3), grouped(q.p99_us / 1e3))
        })
    };
    let cpu = report.client_cpu_us_per_request.map_or_else(dash, grouped);
    format!(
        "since sent: {}\nload generator: late by {}; {cpu} µs of CPU a request; {} connections or streams\n",
        pair(report.total.since_sent),
        pair(report.total.lateness),
        thousands(report.connections as u64),
    )
}

/// Says where the load generator was so late that this shows.
fn late(report: &LoadReport) {
    let late_ms = report.total.lateness.map_or(0.0, |lateness| lateness.p99_us / 1e3);
    if let Some(slo_ms) = report.slo_ms.filter(|slo_ms| late_ms > LATE_SHARE * slo_ms) {
        terminal::warning(&format!(
            "one request in a hundred was sent {} ms late or more, with an SLO of {} ms: the processors or \
             --connections are at their limit",
            grouped(late_ms),
            grouped(slo_ms)
        ));
    }
}

fn percent(share: f64) -> String {
    // Rounded down: 99 % is a promise.
    format!("{:.2} %", (share * 10_000.0).floor() / 100.0)
}

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_rounded_up() {
        assert_eq!(percent(0.989_999_9), "98.99 %");
        assert_eq!(percent(1.0), "100.00 %");
    }

    #[test]
    fn times_to_come_again_are_one_or_two() {
        assert_eq!(retry_after([1.0, 1.0]), "1 s");
        assert_eq!(retry_after([0.5, 2.0]), "0.5 to 2 s");
    }
}
