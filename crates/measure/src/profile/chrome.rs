use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Noted;

/// Spans in the format of Chrome's traces, which Perfetto opens too: one track a thread, and one a lane for what runs on
/// it, since a device that works by itself has no thread here.
#[must_use]
pub fn chrome(process: &str, spans: &[Noted]) -> Value {
    let mut tracks: BTreeMap<String, usize> = BTreeMap::new();
    let mut events =
        vec![json!({ "ph": "M", "pid": 1, "name": "process_name", "args": { "name": process } })];
    for Noted { span, thread } in spans {
        let is_run = span.stage == phalanx_engine::Stage::Run;
        let track = match span.lane.filter(|_| is_run) {
            Some(lane) => format!("lane {lane} runs"),
            None => thread.clone(),
        };
        let next = tracks.len() + 1;
        let tid = *tracks.entry(track).or_insert(next);
        events.push(json!({
            "ph": "X", "pid": 1, "tid": tid, "cat": "batch",
            "name": format!("{} {}", span.stage.name(), span.batch),
            "ts": span.begin_ns as f64 / 1e3,
            "dur": span.end_ns.saturating_sub(span.begin_ns) as f64 / 1e3,
            "args": { "batch": span.batch, "rows": span.rows, "lane": span.lane },
        }));
    }
    events.extend(tracks.iter().map(|(name, tid)| {
        json!({ "ph": "M", "pid": 1, "tid": tid, "name": "thread_name", "args": { "name": name } })
    }));
    json!({ "displayTimeUnit": "ns", "traceEvents": events })
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_engine::{Span, Stage};

    #[test]
    fn what_runs_has_a_track_of_its_lane() {
        let span = |stage| Span { batch: 7, stage, lane: Some(1), rows: 3, begin_ns: 1500, end_ns: 4500 };
        let noted = |stage| Noted { span: span(stage), thread: "phalanx-mover".to_owned() };
        let trace = chrome("mlp", &[noted(Stage::Run), noted(Stage::Scatter)]);
        let events = trace["traceEvents"].as_array().unwrap();
        let run = events.iter().find(|event| event["name"] == "run 7").unwrap();
        assert_eq!((&run["ts"], &run["dur"], &run["args"]["rows"]), (&1.5.into(), &3.0.into(), &3.into()));
        let names: Vec<&str> = events
            .iter()
            .filter(|event| event["name"] == "thread_name")
            .filter_map(|event| event["args"]["name"].as_str())
            .collect();
        assert_eq!(names, ["lane 1 runs", "phalanx-mover"]);
    }
}
