use std::fs;
use std::path::Path;

use phalanx_simulate::{Load, Times};
use serde_json::Value;

use crate::args::span_ns;
use crate::failure::Failure;

/// How long batches take, from what `bench --json` gave, or from lines of rows and time.
pub(super) fn times(path: &Path) -> Result<Times, Failure> {
    let text = read(path)?;
    let points = match text.trim_start().starts_with('{') {
        true => from_bench(path, &text)?,
        false => from_lines(path, &text)?,
    };
    Times::measured(&points).map_err(|error| wrong(path, &error))
}

/// Arrivals: a time in seconds at the beginning of each line.
pub(super) fn load(path: &Path) -> Result<Load, Failure> {
    let mut times_s = Vec::new();
    for (index, line) in lines(&read(path)?) {
        let first = line.split([',', ' ', '\t', ';']).next().unwrap_or_default();
        let time: f64 = first.parse().map_err(|_| at(path, index, "a time in seconds", line))?;
        times_s.push(time);
    }
    Load::recorded(&times_s).map_err(|error| wrong(path, &error))
}

fn from_lines(path: &Path, text: &str) -> Result<Vec<(usize, f64)>, Failure> {
    let point = |(index, line): (usize, &str)| {
        let refuse = || at(path, index, "rows and a time, such as 8 1.4ms", line);
        let mut words = line.split([',', ' ', '\t', ';']).filter(|word| !word.is_empty());
        let (rows, time) = words.next().zip(words.next()).ok_or_else(refuse)?;
        Ok((rows.parse().map_err(|_| refuse())?, span_ns(time).map_err(|_| refuse())?))
    };
    lines(text).map(point).collect()
}

/// The rows of `raw`, which runs nothing but batches of one size.
fn from_bench(path: &Path, text: &str) -> Result<Vec<(usize, f64)>, Failure> {
    let document: Value = serde_json::from_str(text).map_err(|error| wrong(path, &error))?;
    let rows = document["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let point = |row: &Value| {
        let (batch, per_s) = (row["batch"].as_u64()?, row["samples_per_s"].as_f64()?);
        (row["strategy"] == "raw" && per_s > 0.0).then_some((batch as usize, batch as f64 * 1e9 / per_s))
    };
    let points: Vec<_> = rows.iter().filter_map(point).collect();
    if points.is_empty() {
        return Err(wrong(path, &"expected rows of the strategy raw, got none")
            .hint("phalanx bench MODEL --strategy raw --batches 1,8,32,128 --json"));
    }
    Ok(points)
}

/// The lines that say something, with their numbers from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))
}

fn at(path: &Path, line: usize, expected: &str, got: &str) -> Failure {
    let got: String = got.chars().take(40).collect();
    Failure::new(format_args!("{}:{line}: expected {expected}, got {got:?}", path.display()))
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format_args!("{}: {error}", path.display()))
}
