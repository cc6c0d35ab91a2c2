use crate::program::{Ended, command, phalanx};

#[test]
fn threads_and_engine_are_compared() {
    let args =
        ["demo", "--backend", "tract", "--callers", "1,3", "--seconds", "0.05", "--rounds", "1", "--json"];
    let document = phalanx(&args).done().json();
    let rows = document["rows"].as_array().unwrap();
    let named: Vec<(&str, u64)> = rows
        .iter()
        .map(|row| (row["strategy"].as_str().unwrap(), row["callers"].as_u64().unwrap()))
        .collect();
    assert_eq!(named, [("threads", 1), ("engine", 1), ("threads", 3), ("engine", 3)]);
    for row in rows {
        assert!(
            row["samples_per_s"].as_f64().unwrap() > 0.0 && row["p50_us"].as_f64().unwrap() > 0.0,
            "{row}"
        );
        assert!(row["error_max"].as_f64().unwrap() <= 1e-5 && row["checked"].as_u64().unwrap() > 0, "{row}");
        assert_eq!(row["speedup"].is_null(), row["strategy"] == "threads");
    }
}

#[test]
fn the_table_is_for_people() {
    let args = ["demo", "--backend", "tract", "--callers", "2", "--seconds", "0.05", "--rounds", "1"];
    let ended = phalanx(&args).done();
    for part in ["speed-up", "on a thread of its own", "the engine", "same answers"] {
        assert!(ended.text().contains(part), "{part:?} is not in {}", ended.text());
    }
    assert!(ended.stderr.contains("backend: tract"), "{}", ended.stderr);
}

#[test]
fn without_onnxruntime_there_is_a_hint_how_to_get_it() {
    let args = ["demo", "--callers", "1", "--seconds", "0.02", "--rounds", "1"];
    // Nowhere to look but the system's own folders.
    let mut command = command(&args);
    let output = command.env_remove("ORT_DYLIB_PATH").env_remove("LD_LIBRARY_PATH").env("PATH", "").output();
    let ended = Ended::from(output.unwrap()).done();
    let hinted = ended.stderr.contains("hint: pip install onnxruntime");
    assert_eq!(hinted, !ended.stderr.contains("backend: onnxruntime"), "{}", ended.stderr);
}
