use phalanx_measure::ops::{LadderRow, LoraRow, OpsReport, RoutingRow, Timed, Waits};
use phalanx_measure::report::{Column, Table, figure, grouped, percent};

use crate::terminal;

/// All tables, each with what is to be known of it.
pub(super) fn print(report: &OpsReport) -> String {
    let title = |text: &str| format!("\n{}\n", terminal::title(text));
    let mut text = format!("{}, {}\n", report.device, report.machine.system);
    text.push_str(&format!(
        "each figure is the median of {} windows of at least {} ms, with the interval that covers it\n",
        report.rounds,
        grouped(report.window_ms)
    ));
    text.push_str(&title("the ladder, one product"));
    text.push_str(&ladder(&report.ladder).to_string());
    text.push_str(
        "saves: against the step before; seeds: what they estimate for it on an M4 Max, in µs.\n\
         buffers made each time are filled from the host; grouped and chained stand beside the ladder.\n",
    );
    text.push_str(&title("library or a kernel of ours, by size"));
    text.push_str(&routing(&report.routing).to_string());
    text.push_str(
        "judged on sizes between those it was measured on; regret is time lost to the better of the two.\n",
    );
    text.push_str(&title("low-rank pairs (x·A·B)"));
    text.push_str(&lora(&report.lora).to_string());
    text
}

fn spread(timed: &Timed) -> String {
    format!("{} to {}", grouped(timed.us_low), grouped(timed.us_high))
}

/// What a step saves, where that is more than noise.
fn saved(row: &LadderRow) -> String {
    if row.is_beyond_noise == Some(false) { "noise".to_owned() } else { figure(row.saved_us) }
}

fn ladder(rows: &[LadderRow]) -> Table {
    let mut table = Table::new(&[
        Column::Right("size"),
        Column::Left("precision"),
        Column::Left("route"),
        Column::Left("step"),
        Column::Right("at once"),
        Column::Right("µs"),
        Column::Right("interval"),
        Column::Right("GFLOP/s"),
        Column::Right("saves"),
        Column::Right("seeds"),
        Column::Left("cost"),
        Column::Right("error"),
    ]);
    for row in rows {
        let branches = row.step.branches().map(|branches| format!(", {branches} branches"));
        let seeds = row.saves.map(|cost| match cost.seeds_us {
            [from, to] if from == to => grouped(from),
            [from, to] => format!("{} to {}", grouped(from), grouped(to)),
        });
        table.row([
            row.size.to_string(),
            row.precision.to_string(),
            row.route.clone(),
            format!("{}{}", row.step.name(), branches.unwrap_or_default()),
            row.count.to_string(),
            grouped(row.timed.us),
            spread(&row.timed),
            grouped(row.flops_per_s / 1e9),
            saved(row),
            seeds.unwrap_or_default(),
            row.saves.map(|cost| cost.name.to_owned()).unwrap_or_default(),
            format!("{:.0e}", row.error_max),
        ]);
    }
    table
}

fn routing(rows: &[RoutingRow]) -> Table {
    let mut table = Table::new(&[
        Column::Left("products"),
        Column::Left("precision"),
        Column::Left("kernel"),
        Column::Right("up to MFLOP"),
        Column::Right("judged on"),
        Column::Right("regret"),
        Column::Right("at most"),
        Column::Right("always library"),
        Column::Right("always kernel"),
    ]);
    for row in rows {
        table.row([
            row.family.to_owned(),
            row.precision.to_string(),
            row.kernel.clone(),
            row.flops_max.map_or_else(|| "all".to_owned(), |flops| grouped(flops / 1e6)),
            row.judged.len().to_string(),
            percent(Some(row.regret_mean)),
            percent(Some(row.regret_max)),
            percent(Some(row.regret_library)),
            percent(Some(row.regret_kernel)),
        ]);
    }
    table
}

fn lora(rows: &[LoraRow]) -> Table {
    let mut table = Table::new(&[
        Column::Left("x"),
        Column::Left("precision"),
        Column::Right("rank"),
        Column::Right("adapters"),
        Column::Left("route"),
        Column::Left("waits"),
        Column::Right("µs"),
        Column::Right("interval"),
        Column::Right("of one product"),
        Column::Right("error"),
    ]);
    for row in rows {
        table.row([
            format!("{} × {}", row.rows, row.width),
            row.precision.to_string(),
            row.rank.map_or_else(|| "one product".to_owned(), |rank| rank.to_string()),
            row.adapters.to_string(),
            row.route.clone(),
            match row.waits {
                Waits::Each => "each".to_owned(),
                Waits::Recorded => "recorded".to_owned(),
            },
            grouped(row.timed.us),
            spread(&row.timed),
            row.of_one_product.map(|share| format!("{share:.2}")).unwrap_or_default(),
            format!("{:.0e}", row.error_max),
        ]);
    }
    table
}
