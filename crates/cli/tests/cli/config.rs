use std::path::Path;

use serde_json::Value;

use crate::models::Folder;
use crate::program::{Ended, command, phalanx};

/// What a scope's option is set to, and by whom.
fn shown(document: &Value, scope: &str, key: &str) -> (Value, String) {
    let shown = &scope.split('.').fold(document, |value, part| &value[part])[key];
    let source = &shown["source"];
    let place = match source["kind"].as_str().unwrap_or_else(|| panic!("no {key} in {document:#}")) {
        "file" => format!("{}:{}", source["file"].as_str().unwrap(), source["line"]),
        "environment" => source["variable"].as_str().unwrap().to_owned(),
        "flag" => source["flag"].as_str().unwrap().to_owned(),
        other => other.to_owned(),
    };
    (shown["value"].clone(), place)
}

/// Runs it with these variables in its environment.
fn with(variables: &[(&str, &str)], args: &[&str]) -> Ended {
    command(args).envs(variables.iter().copied()).output().unwrap().into()
}

#[test]
fn what_is_nearer_to_the_user_goes_first() {
    let folder = Folder::new();
    let file = folder.write(
        "phalanx.toml",
        "[server]\ngrace = \"1s\"\nhttp = \"127.0.0.1:1\"\ngrpc = \"127.0.0.1:2\"\n\n\
         [defaults]\nlanes = 1\nthreads = 1\ndepth = 3\nslo = \"20ms\"\n",
    );
    let variables = [("PHALANX_HTTP", "127.0.0.1:3"), ("PHALANX_GRPC", "none"), ("PHALANX_THREADS", "2")];
    let args = ["config", "show", "--json", "--config", &file, "--http", "127.0.0.1:4", "--slo", "30ms"];
    let document = with(&variables, &args).done().json();
    for (scope, key, value, place) in [
        ("server", "http", "127.0.0.1:4", "--http"),
        ("server", "grpc", "none", "PHALANX_GRPC"),
        ("server", "grace", "1s", &*format!("{file}:2")),
        ("server", "connections_max", "4096", "default"),
        ("defaults", "slo", "30ms", "--slo"),
        ("defaults", "threads", "2", "PHALANX_THREADS"),
        ("defaults", "depth", "3", &format!("{file}:9")),
        ("defaults", "policy", "slo-window", "default"),
    ] {
        assert_eq!(shown(&document, scope, key), (value.into(), place.to_owned()), "{key}");
    }
    let table = with(&variables, &[&args[..2], &args[3..]].concat()).done();
    for line in ["http 127.0.0.1:4 --http", "threads 2 PHALANX_THREADS"] {
        let is_it = |shown: &str| shown.split_whitespace().eq(line.split_whitespace());
        assert!(table.text().lines().any(is_it), "{line:?} is not in\n{}", table.text());
    }
}

#[test]
fn the_environment_can_name_the_file() {
    let folder = Folder::new();
    let file = folder.write("phalanx.toml", "[defaults]\nlanes = 7\n");
    let document = with(&[("PHALANX_CONFIG", &file)], &["config", "show", "--json"]).done().json();
    assert_eq!(document["config"], *file);
    assert_eq!(shown(&document, "defaults", "lanes"), ("7".into(), format!("{file}:2")));
    let other = folder.write("other.toml", "[defaults]\nlanes = 8\n");
    let args = ["config", "show", "--json", "--config", &other];
    let document = with(&[("PHALANX_CONFIG", &file)], &args).done().json();
    assert_eq!(shown(&document, "defaults", "lanes").0, "8");
}

#[test]
fn a_model_has_options_of_its_own() {
    let folder = Folder::new();
    let file = folder.write(
        "phalanx.toml",
        "[defaults]\nlanes = 1\nmax_batch = 8\ndepth = 1\n\n\
         [models.b]\npath = \"b/b.onnx\"\nmax_batch = 16\n\n[models.a]\nlanes = 2\n",
    );
    let args = ["config", "show", "--json", "--config", &file, "x/a.onnx", "--depth", "3"];
    let document = phalanx(&args).done().json();
    let place = |line: u32| format!("{file}:{line}");
    assert_eq!(document["models"]["a"]["path"], "x/a.onnx");
    let b = folder.path("b/b.onnx");
    assert_eq!(document["models"]["b"]["path"], *b, "a path is relative to the file's folder");
    for (scope, key, value, place) in [
        ("models.a.options", "lanes", "2", place(11)),
        ("models.a.options", "max_batch", "8", place(3)),
        ("models.a.options", "depth", "3", "--depth".to_owned()),
        ("models.b.options", "lanes", "1", place(2)),
        ("models.b.options", "max_batch", "16", place(8)),
    ] {
        assert_eq!(shown(&document, scope, key), (value.into(), place), "{scope} {key}");
    }
}

#[test]
fn lists_and_switches_can_be_set_anywhere() {
    let folder = Folder::new();
    let text = "[server]\nrepository = [\"here\", \"/there\"]\nallow_shared_memory = true\nrequest_bytes_max = 4096\n";
    let file = folder.write("phalanx.toml", text);
    let show = |variables: &[(&str, &str)], args: &[&str]| {
        with(variables, &[&["config", "show", "--json", "--config", &file], args].concat()).done().json()
    };
    let document = show(&[("PHALANX_CORS_ORIGIN", "http://a;http://b")], &[]);
    let here = folder.path("here");
    assert_eq!(shown(&document, "server", "repository").0, serde_json::json!([here, "/there"]));
    assert_eq!(shown(&document, "server", "cors_origin").0, serde_json::json!(["http://a", "http://b"]));
    assert_eq!(shown(&document, "server", "allow_shared_memory").0, "true");
    assert_eq!(shown(&document, "server", "request_bytes_max").0, "4096");
    let document = show(&[], &["--allow-shared-memory=false", "--repository", "a", "--repository", "b"]);
    let (value, place) = shown(&document, "server", "allow_shared_memory");
    assert_eq!((value.as_str(), &*place), (Some("false"), "--allow-shared-memory"));
    assert_eq!(shown(&document, "server", "repository").0, serde_json::json!(["a", "b"]));
}

#[test]
fn the_example_holds_every_option_and_is_right() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/phalanx.toml");
    let args = ["config", "show", "--json", "--config", file.to_str().unwrap()];
    let document = phalanx(&args).done().json();
    let text = std::fs::read_to_string(&file).unwrap();
    let written = |line: &str, key: &str| {
        line.trim_start_matches("# ").strip_prefix(key).is_some_and(|rest| rest.starts_with(" = "))
    };
    for scope in ["server", "defaults"] {
        for key in document[scope].as_object().unwrap().keys() {
            assert!(text.lines().any(|line| written(line, key)), "{key} is not in the example");
        }
    }
}

/// What the example comments out must be right as well, though not all at once.
#[test]
fn what_the_example_comments_out_is_right_too() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/phalanx.toml");
    let text = std::fs::read_to_string(file).unwrap();
    let assignment = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if assignment(rest) || rest.starts_with('[') => rest,
        _ => line,
    });
    let all: Vec<&str> = lines.collect();
    let folder = Folder::new();
    let file = folder.write("phalanx.toml", all.join("\n"));
    let flags = ["--model-control", "explicit", "--backend", "onnxruntime"];
    // The interval is for another mode than the models to load.
    let ended = phalanx(&[&["config", "show", "--config", &file], &flags[..]].concat());
    ended.failed(&["poll_interval", "model_control (explicit, from --model-control)"]);
    let without = all.join("\n").replace("poll_interval = \"15s\"\n", "");
    let file = folder.write("phalanx.toml", without);
    phalanx(&[&["config", "show", "--config", &file], &flags[..]].concat()).done();
}
