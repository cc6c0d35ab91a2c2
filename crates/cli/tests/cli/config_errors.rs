use crate::models::Folder;
use crate::program::{Ended, command, phalanx};

/// What a configuration file of this text is said to be.
fn show(text: &str) -> Ended {
    let folder = Folder::new();
    let file = folder.write("phalanx.toml", text);
    phalanx(&["config", "show", "--config", &file])
}

#[test]
fn unknown_keys_are_told_with_the_nearest_there_is() {
    show("[server]\n\nhtpp = \"none\"\n")
        .failed(&["phalanx.toml:3", "\"htpp\"", "[server]"])
        .hint("is http meant");
    show("[defaults]\nmax-batch = 1\n").failed(&["phalanx.toml:2", "max-batch"]).hint("is max_batch meant");
    show("[models.a]\npth = \"a\"\n").failed(&["phalanx.toml:2", "models.a"]).hint("is path meant");
    show("[sever]\n").failed(&["phalanx.toml:1", "sever"]).hint("is [server] meant");
    show("[defaults]\ncolour = 1\n").failed(&["colour"]).hint("phalanx config show");
}

#[test]
fn keys_in_the_wrong_place_are_told_where_they_belong() {
    show("max_batch = 1\n").failed(&["phalanx.toml:1", "max_batch"]).hint("[defaults]");
    show("[server]\nslo = \"1s\"\n").failed(&["phalanx.toml:2", "slo"]).hint("[models.NAME]");
    show("[models.a]\nhttp = \"none\"\n").failed(&["phalanx.toml:2", "http"]).hint("[server]");
    show("[defaults]\npath = \"a\"\n").failed(&["phalanx.toml:2", "path"]);
}

#[test]
fn values_of_the_wrong_kind_name_their_place() {
    for (text, parts) in [
        (
            "[defaults]\nlanes = \"two\"\n",
            &["phalanx.toml:2: defaults.lanes: expected a number", "\"two\""][..],
        ),
        ("[defaults]\nlanes = 0\n", &["phalanx.toml:2: defaults.lanes", "0"]),
        ("[defaults]\nlanes = -1\n", &["phalanx.toml:2: defaults.lanes", "-1"]),
        ("[defaults]\nlanes = 1.5\n", &["phalanx.toml:2: defaults.lanes", "1.5"]),
        ("[defaults]\nslo = 20\n", &["phalanx.toml:2: defaults.slo: expected a text in quotes", "20"]),
        ("[defaults]\nslo = \"soon\"\n", &["phalanx.toml:2: defaults.slo", "soon"]),
        (
            "[defaults]\nbackend = \"jax\"\n",
            &["defaults.backend: expected one of auto, ", "onnxruntime, tract"],
        ),
        ("[defaults]\npad = \"ids:1:8\"\n", &["defaults.pad: expected an array"]),
        ("[defaults]\npad = [1]\n", &["defaults.pad: expected an array in which each is a text"]),
        ("[server]\nallow_shared_memory = \"true\"\n", &["expected true or false, got the text \"true\""]),
        ("[server]\nrequest_bytes_max = true\n", &["expected a number of bytes or a text such as", "true"]),
        ("[server]\nhttp = [\"a\"]\n", &["server.http: expected a text in quotes, got an array"]),
        ("[server]\nhttp = 2024-01-01\n", &["server.http", "got a date"]),
        ("[server]\ntrace_rate = 2.0\n", &["server.trace_rate: expected a number from 0 to 1"]),
        ("server = 1\n", &["phalanx.toml:1: server: expected a table"]),
        ("[models]\na = 1\n", &["phalanx.toml:2: models.a: expected a table"]),
        ("[models.a]\npath = 1\n", &["phalanx.toml:2: models.a.path: expected a text in quotes"]),
        ("[models.a]\nlanes = 1\n", &["phalanx.toml:1: models.a: expected a path"]),
        ("[server\n", &["phalanx.toml:1"]),
        ("[server]\nhttp = \"none\"\nhttp = \"none\"\n", &["phalanx.toml:3"]),
    ] {
        show(text).failed(parts);
    }
}

#[test]
fn files_that_are_none_are_named() {
    let folder = Folder::new();
    let show = |file: &str| phalanx(&["config", "show", "--config", file]);
    show(&folder.path("none.toml")).failed(&["there is no file", "none.toml"]);
    show(folder.folder().to_str().unwrap()).failed(&["failed to read"]);
    show(&folder.write("binary.toml", [0xff, 0xfe])).failed(&["failed to read", "binary.toml"]);
    show(&folder.write("long.toml", vec![b'\n'; (1 << 20) + 1]))
        .failed(&["long.toml", "at most 1048576 bytes"]);
}

#[test]
fn variables_are_checked_like_flags() {
    let with = |name: &str, value: &str| -> Ended {
        command(&["config", "show"]).env(name, value).output().unwrap().into()
    };
    with("PHALANX_LANES", "two").failed(&["PHALANX_LANES", "two"]);
    with("PHALANX_ALLOW_SHARED_MEMORY", "yes").failed(&["PHALANX_ALLOW_SHARED_MEMORY", "yes"]);
    with("PHALANX_CONFIG", "/nowhere.toml").failed(&["there is no file", "/nowhere.toml"]);
    let ended = with("PHALANX_MAX_BACH", "2").done();
    assert!(
        ended.stderr.contains("warning: ") && ended.stderr.contains("PHALANX_MAX_BATCH"),
        "{}",
        ended.stderr
    );
    // What Kubernetes sets where a service is called phalanx.
    let ended = with("PHALANX_PORT", "tcp://10.0.0.1:8000").done();
    assert_eq!(ended.stderr, "");
}

#[test]
fn contradictions_name_both_settings_and_where_they_are_from() {
    let show = |args: &[&str], parts: &[&str]| {
        phalanx(&[&["config", "show"], args].concat()).failed(parts).failed(&["contradict each other"]);
    };
    show(
        &["--max-batch", "9", "--queue-limit", "8"],
        &["max_batch (9, from --max-batch)", "queue_limit (8, from --queue-limit)"],
    );
    show(&["--max-batch", "10000"], &["max_batch (10000", "queue_limit (8192, the default)"]);
    show(&["--policy", "delay:20ms", "--slo", "20ms"], &["policy (delay:20ms", "slo (20ms"]);
    show(&["--policy", "adaptive:1s", "--slo", "20ms"], &["policy (adaptive:1s", "slo (20ms"]);
    show(&["--batch-timeout", "1s", "--slo", "2s"], &["batch_timeout (1s", "slo (2s"]);
    show(&["--onnxruntime", "x.so", "--backend", "tract"], &["onnxruntime (x.so", "backend (tract"]);
    show(&["--tls-cert", "c"], &["tls_cert (c, from --tls-cert)", "tls_key (not given)"]);
    show(&["--tls-key", "k"], &["tls_cert (not given)", "tls_key (k"]);
    show(&["--http", "none", "--grpc", "none"], &["http (none", "grpc (none"]);
    show(&["--http", "127.0.0.1:8001"], &["http (127.0.0.1:8001", "grpc (127.0.0.1:8001, the default)"]);
    show(&["--http", "0.0.0.0:8001"], &["http (0.0.0.0:8001", "grpc"]);
    show(&["--request-bytes-max", "2GiB"], &["request_bytes_max (2GiB", "in_flight_bytes_max (1GiB"]);
    show(&["--model-control", "poll"], &["model_control (poll", "repository (not given)"]);
    show(
        &["--repository", "r", "--load-model", "a"],
        &["load_model (a", "model_control (none, the default)"],
    );
    show(&["--repository", "r", "--poll-interval", "1s"], &["poll_interval (1s", "model_control"]);
    show(&["--repository", "r", "--warmup", "w.npz"], &["warmup (w.npz", "repository (r"]);
    show(&["--trace-rate", "0.5"], &["trace_rate (0.5", "otlp_endpoint (not given)"]);
    // Waiting no rule asks for, and none that is too long.
    for args in [&["--policy", "immediate", "--slo", "1ms"][..], &["--policy", "delay:10ms", "--slo", "20ms"]]
    {
        phalanx(&[&["config", "show"], args].concat()).done();
    }
}

#[test]
fn contradictions_are_found_across_places_and_in_models() {
    let text = "[defaults]\nqueue_limit = 8\n\n[models.a]\npath = \"a.onnx\"\nmax_batch = 9\n";
    show(text).failed(&["phalanx.toml:6", "phalanx.toml:2", "max_batch (9", "queue_limit (8"]);
    let folder = Folder::new();
    let file = folder.write("phalanx.toml", "[defaults]\nmax_batch = 64\n");
    let ended: Ended = command(&["serve", "m.onnx", "--config", &file])
        .env("PHALANX_QUEUE_LIMIT", "32")
        .output()
        .unwrap()
        .into();
    ended.failed(&["max_batch (64, from", "phalanx.toml:2", "queue_limit (32, from PHALANX_QUEUE_LIMIT)"]);
}
