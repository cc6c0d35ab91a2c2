use std::collections::BTreeSet;

use crate::exposition::parse;
use crate::served::Running;

fn read(file: &str) -> String {
    let path = format!("{}/../../deploy/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Words of `text` that begin with one of `prefixes`.
fn words<'a>(text: &'a str, prefixes: &[&str]) -> BTreeSet<&'a str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c| !is_name(c));
    words.filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix))).collect()
}

#[test]
fn every_metric_that_is_read_is_there() {
    let running = Running::start(&[]);
    assert_eq!(running.infer(1).status, 200);
    let families = parse(&running.get("/metrics", &[]).body, false);
    let mut known: BTreeSet<&str> = families.keys().map(String::as_str).collect();
    known.extend(families.values().flat_map(|family| family.samples.iter().map(|sample| &*sample.name)));
    for file in ["prometheus-rules.yml", "grafana-dashboard.json"] {
        let text = read(file);
        let read = words(&text, &["phalanx_", "process_"]);
        assert!(read.len() > 10, "{file}: {read:?}");
        let unknown: Vec<_> = read.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} reads {unknown:?}, which no server has");
    }
}

#[test]
fn alerts_read_what_is_recorded() {
    let rules = read("prometheus-rules.yml");
    let recorded: BTreeSet<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
    let alerts = &rules[rules.find("phalanx.alerts").unwrap()..];
    let read = words(alerts, &["phalanx:"]);
    assert!(!read.is_empty() && read.is_subset(&recorded), "{read:?} of {recorded:?}");
    let alerts = alerts.matches("- alert: ").count();
    assert!(alerts >= 8 && rules.matches("summary: ").count() == alerts);
}

#[test]
fn panels_stand_beside_one_another() {
    let dashboard: serde_json::Value = serde_json::from_str(&read("grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        let side = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}", panel["title"]);
        assert!(side("x") + side("w") <= 24, "{}", panel["title"]);
        let cells = (0..side("w")).flat_map(|x| (0..side("h")).map(move |y| (x, y)));
        for (x, y) in cells {
            assert!(taken.insert((side("x") + x, side("y") + y)), "{} covers another", panel["title"]);
        }
        let is_row = panel["type"] == "row";
        let targets = panel["targets"].as_array().map_or(0, Vec::len);
        assert!(
            is_row || (targets > 0 && panel["datasource"]["uid"] == "${datasource}"),
            "{}",
            panel["title"]
        );
    }
}

#[test]
fn whoever_stops_the_server_waits_longer_than_it_answers() {
    let seconds = |text: &str, mark: &str| -> u64 {
        let after = &text[text.find(mark).unwrap() + mark.len()..];
        let digits: String =
            after.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    for (file, limit) in [("phalanx.service", "TimeoutStopSec="), ("dev.phalanx.server.plist", "ExitTimeOut")]
    {
        let text = read(file);
        assert!(seconds(&text, limit) > seconds(&text, "--grace"), "{file}");
    }
}
