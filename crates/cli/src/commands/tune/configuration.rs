use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use phalanx_measure::Machine;
use phalanx_measure::report::{Column, Table, grouped};
use phalanx_measure::tune::{Found, Knobs, Objective, Score, TunePlan};
use tempfile::NamedTempFile;

use super::Search;
use crate::args::TuneArgs;
use crate::failure::Failure;
use crate::terminal;

/// Memory for requests and batches that is left in any case.
const MEMORY_MAX_MIN: u64 = 16 << 20;

/// Writes the configuration file, which appears only when it is complete.
pub(super) fn write(args: &TuneArgs, search: &Search, found: &Found) -> Result<(), Failure> {
    let text = text(args, search, found);
    let path = &args.output;
    let failed = |error: &std::io::Error| Failure::file("write", path, error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    readable(&file);
    file.persist(path).map_err(|error| failed(&error.error))?;
    Ok(())
}

/// Others may read it as they may any file that a program writes.
#[cfg(unix)]
fn readable(file: &NamedTempFile) {
    use std::os::unix::fs::PermissionsExt;
    // One that only its owner can read is a configuration as well.
    let _ = file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn readable(_: &NamedTempFile) {}

fn text(args: &TuneArgs, search: &Search, found: &Found) -> String {
    let plan = &search.plan;
    let machine = Machine::here();
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{words}");
    };
    line(format_args!(
        "# Written by phalanx {} tune, for {} processors {}.",
        env!("CARGO_PKG_VERSION"),
        machine.cpus,
        machine.cpu
    ));
    line(format_args!("# {}", reached(plan, &found.score)));
    line(format_args!(
        "# The usual configuration, measured in turn with it: {}",
        reached(plan, &found.usual_score)
    ));
    line(format_args!("#   ({})", found.usual));
    line(format_args!(""));
    line(format_args!("[models.{}]", key(&stem(&args.model))));
    line(format_args!("path = {}", quoted(&path(&args.model))));
    if let Some(slo) = plan.slo {
        line(format_args!("slo = {}", quoted(&humantime::format_duration(slo).to_string().replace(' ', ""))));
    }
    for (name, value, reason) in settings(args, search, found) {
        line(format_args!("\n# {reason}\n{name} = {value}"));
    }
    text
}

/// What is set, to what, and why.
fn settings(args: &TuneArgs, search: &Search, found: &Found) -> Vec<(&'static str, String, String)> {
    let Knobs { variant, max_batch, depth, policy } = &found.knobs;
    let reasons = &found.reasons;
    let one_line = |text: &String| text.replace('\n', " ");
    let mut settings = vec![
        ("backend", quoted(&variant.backend), one_line(&reasons.backend)),
        ("device", quoted(&variant.device), "what the backend runs on".to_owned()),
        ("lanes", variant.lanes.to_string(), format!("lanes x threads, {}", one_line(&reasons.lanes))),
        ("threads", variant.threads.to_string(), "threads of one run, with the lanes above".to_owned()),
        ("max_batch", max_batch.to_string(), one_line(&reasons.max_batch)),
        ("depth", depth.to_string(), one_line(&reasons.depth)),
        ("policy", quoted(policy), one_line(&reasons.policy)),
        ("isolation", quoted(&variant.isolation), one_line(&reasons.isolation)),
        ("precision", quoted(&variant.precision), one_line(&reasons.precision)),
    ];
    if let (Some(limit), None) = (args.memory_limit, args.engine.memory_max) {
        let resident = search.resident_bytes(&found.knobs).unwrap_or(0);
        let left = (limit as u64).saturating_sub(resident).max(MEMORY_MAX_MIN);
        let reason = format!(
            "what the limit of {limit} bytes leaves beside the {resident} of the program and the model"
        );
        settings.push(("memory_max", quoted(&left.to_string()), reason));
    }
    settings
}

/// What a configuration reached, in words.
fn reached(plan: &TunePlan, score: &Score) -> String {
    let p99 = grouped(score.p99_ms);
    let value = grouped(score.value);
    match plan.objective {
        _ if score.value <= 0.0 => "nothing that could be measured".to_owned(),
        Objective::Goodput => {
            let slo =
                plan.slo.map(humantime::format_duration).map_or_else(String::new, |slo| slo.to_string());
            let times = if score.confirmed { ", measured twice" } else { "" };
            format!("{value} requests/s with 99 % inside {slo}, arrivals {}{times}", plan.arrivals)
        }
        Objective::Throughput => format!("{value} samples/s, p99 {p99} ms"),
        Objective::Latency => format!("p99 {p99} ms, p50 {} ms", grouped(score.p50_ms)),
        Objective::Streams(streams) => format!("{value} samples/s for {streams} callers, p99 {p99} ms"),
    }
}

/// What was found beside what is usual.
pub(super) fn table(plan: &TunePlan, found: &Found) -> String {
    let mut table = Table::new(&[
        Column::Left("configuration"),
        Column::Right("lanes x threads"),
        Column::Right("max batch"),
        Column::Left("policy"),
        Column::Right("depth"),
        Column::Left("backend"),
        Column::Right(match plan.objective {
            Objective::Goodput => "goodput/s",
            Objective::Latency => "1/p99 1/s",
            Objective::Throughput | Objective::Streams(_) => "samples/s",
        }),
        Column::Right("p50 ms"),
        Column::Right("p99 ms"),
        Column::Right("mean batch"),
    ]);
    for (name, knobs, score) in
        [("found", &found.knobs, &found.score), ("usual", &found.usual, &found.usual_score)]
    {
        table.row([
            name.to_owned(),
            format!("{} x {}", knobs.variant.lanes, knobs.variant.threads),
            knobs.max_batch.to_string(),
            knobs.policy.clone(),
            knobs.depth.to_string(),
            knobs.variant.backend.clone(),
            grouped(score.value),
            grouped(score.p50_ms),
            grouped(score.p99_ms),
            grouped(score.rows_mean),
        ]);
    }
    format!("{}\n{table}", terminal::title(&format!("{}: {}", plan.objective, reached(plan, &found.score))))
}

/// What the model is called, as `serve` calls it.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The model's place wherever the configuration is.
fn path(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}
