use std::time::Duration;

use crate::exposition::{Families, parse};
use crate::served::Running;

const OPEN: [(&str, &str); 1] =
    [("accept", "application/openmetrics-text;version=1.0.0;q=0.7,text/plain;q=0.3")];

fn value(families: &Families, family: &str, sample: &str, labels: &[(&str, &str)]) -> f64 {
    let samples = &families.get(family).unwrap_or_else(|| panic!("{family} is there")).samples;
    let fits = |labels_of: &std::collections::BTreeMap<String, String>| {
        labels.iter().all(|(name, value)| labels_of.get(*name).is_some_and(|of| of == value))
    };
    let found: Vec<_> = samples.iter().filter(|one| one.name == sample && fits(&one.labels)).collect();
    assert_eq!(found.len(), 1, "{sample} {labels:?}: {found:?}");
    found[0].value
}

#[test]
fn requests_are_counted_by_model_and_version() {
    let running = Running::start(&[]);
    for rows in [1, 5, 12] {
        assert_eq!(running.infer(rows).status, 200);
    }
    assert_eq!(running.get("/v2/models/none/nothing", &[]).status, 404);
    let reply = running.get("/metrics", &[]);
    assert!(
        reply.headers.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{}",
        reply.headers
    );
    let families = parse(&reply.body, false);
    let copy = [("model", "copy"), ("version", "3")];
    let of_copy = |name: &str| value(&families, name, name, &copy);
    assert_eq!(of_copy("phalanx_requests_total"), 3.0);
    assert_eq!(of_copy("phalanx_rows_total"), 18.0);
    assert_eq!(of_copy("phalanx_requests_failed_total"), 0.0);
    assert_eq!(of_copy("phalanx_requests_late_total"), 0.0);
    assert_eq!(of_copy("phalanx_queued_rows"), 0.0);
    assert_eq!(of_copy("phalanx_slo_seconds"), 10.0);
    assert_eq!(of_copy("phalanx_batch_rows_max"), 12.0);
    assert_eq!(of_copy("phalanx_model_degraded"), 0.0);
    for family in ["phalanx_queue_seconds", "phalanx_compute_seconds", "phalanx_request_seconds"] {
        assert_eq!(value(&families, family, &format!("{family}_count"), &copy), 3.0);
        let first = value(&families, family, &format!("{family}_bucket"), &[("le", "0.00005")]);
        assert!((0.0..=3.0).contains(&first));
    }
    assert_eq!(value(&families, "phalanx_batch_rows", "phalanx_batch_rows_sum", &copy), 18.0);
    let batches = |le| value(&families, "phalanx_batch_rows", "phalanx_batch_rows_bucket", &[("le", le)]);
    assert_eq!([batches("1.0"), batches("4.0"), batches("8.0"), batches("12.0")], [1.0, 1.0, 2.0, 3.0]);
    let left: f64 = families["phalanx_batches_total"].samples.iter().map(|sample| sample.value).sum();
    assert_eq!(left, 3.0);
}

#[test]
fn the_server_and_its_process_are_described() {
    let running = Running::start(&[]);
    running.infer(1);
    running.get("/nothing", &[]);
    let families = parse(&running.get("/metrics", &[]).body, false);
    let one = |name: &str, labels: &[(&str, &str)]| value(&families, name, name, labels);
    assert_eq!(one("phalanx_ready", &[]), 1.0);
    assert!(one("phalanx_connections_open", &[]) >= 1.0, "the one that asks");
    assert_eq!(one("phalanx_http_responses_total", &[("code", "200")]), 1.0);
    assert_eq!(one("phalanx_http_responses_total", &[("code", "404")]), 1.0);
    assert_eq!(one("phalanx_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
    assert_eq!(one("phalanx_model_info", &[("model", "copy"), ("backend", "null"), ("device", "cpu")]), 1.0);
    let named = [("model", "copy"), ("backend", "null"), ("device", "cpu"), ("chosen_by", "named")];
    assert_eq!(one("phalanx_backend_info", &named), 1.0);
    let states = [("ready", 1.0), ("loading", 0.0), ("failed", 0.0), ("unloaded", 0.0)];
    assert!(states.iter().all(|(state, is)| one("phalanx_model_state", &[("state", state)]) == *is));
    assert!(one("process_resident_memory_bytes", &[]) > 1e6);
    assert!(one("process_start_time_seconds", &[]) > 1.7e9);
}

#[test]
fn refusals_are_counted_by_reason() {
    let running = Running::start(&[]);
    assert_eq!(running.infer(0).status, 400);
    let families = parse(&running.get("/metrics", &[]).body, false);
    let refused = |reason| {
        let name = "phalanx_requests_refused_total";
        value(&families, name, name, &[("model", "copy"), ("reason", reason)])
    };
    assert_eq!(["invalid", "overloaded", "too_late", "stopping"].map(refused), [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn open_metrics_are_for_whom_asks_for_them() {
    let running = Running::start(&[]);
    running.infer(2);
    let reply = running.get("/metrics", &OPEN);
    assert!(
        reply.headers.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{}",
        reply.headers
    );
    let open = parse(&reply.body, true);
    let plain = parse(&running.get("/metrics", &[("accept", "text/plain")]).body, false);
    assert_eq!(value(&open, "phalanx_requests", "phalanx_requests_total", &[("model", "copy")]), 1.0);
    assert_eq!(open["phalanx_model"].kind, "info");
    let named = |families: &Families| -> Vec<String> {
        let names =
            families.values().flat_map(|family| family.samples.iter().map(|sample| sample.name.clone()));
        let mut names: Vec<_> = names.collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(named(&open), named(&plain));
}

#[test]
fn names_say_what_they_count_and_end_with_the_unit() {
    let running = Running::start(&[]);
    let families = parse(&running.get("/metrics", &[]).body, false);
    for (name, family) in &families {
        assert_eq!(name.ends_with("_total"), family.kind == "counter", "{name}");
        let stem = name.strip_suffix("_total").unwrap_or(name).trim_end_matches("_max");
        let unit = stem.split('_').position(|word| ["seconds", "bytes", "ratio"].contains(&word));
        assert!(unit.is_none_or(|at| at + 1 == stem.split('_').count()), "{name}");
        let other_units = ["_ms", "_us", "_milliseconds", "_percent", "_kilobytes", "_mb"];
        assert!(!other_units.iter().any(|unit| stem.ends_with(unit)), "{name}");
    }
}

#[test]
fn a_key_is_needed_where_keys_are() {
    let running = Running::start(&["secret"]);
    for path in ["/metrics", "/-/live", "/docs/openapi.json"] {
        assert_eq!(running.get(path, &[]).status, 401, "{path}");
        assert_eq!(running.get(path, &[("authorization", "Bearer other")]).status, 401, "{path}");
        assert_eq!(running.get(path, &[("authorization", "Bearer secret")]).status, 200, "{path}");
    }
    assert!(running.server.stop(Duration::from_secs(10)));
}
