use crate::models::tiny;
use crate::program::phalanx;

#[test]
fn wrong_usage_ends_with_2_and_says_what_was_expected() {
    let (_folder, model) = tiny();
    for (args, expected) in [
        (&["nonsense"][..], "nonsense"),
        (&["run", "m.onnx"], "--input"),
        (&["bench"], "MODEL"),
        (&["bench", "--strategy", "raw"], "strategy raw measures a model"),
        (&["bench", "m.onnx", "--strategy", "fastest"], "all, raw, threads"),
        (&["bench", "m.onnx", "--batches", "0"], "--batches"),
        (&["bench", "m.onnx", "--callers", "0"], "expected a number from 1"),
        (&["bench", "m.onnx", "--seconds", "0"], "--seconds"),
        (&["bench", "m.onnx", "--range", "x=2:1"], "LOW below HIGH"),
        (&["bench", "m.onnx", "--inputs", "x.npz", "--dim", "seq=3"], "--dim"),
        (&["inspect", "m.onnx", "--device", "gpu"], "expected a device"),
        (&["inspect", "m.onnx", "--device", "cuda:0,cuda:1"], "expected one device"),
        (&["tune", "m.onnx", "--slo", "9ms", "--device", "cuda:0,cuda:1"], "expected one device"),
        (&["verify", &model, "--device", "cuda:0,cuda:1"], "expected one device"),
        (&["inspect", "m.onnx", "--backend", "tensorflow"], "onnxruntime, tract"),
        (&["inspect", "m.onnx", "--policy", "greedy"], "slo-window"),
        (&["inspect", "m.onnx", "--precision", "fp64"], "bf16"),
        (&["inspect", "m.onnx", "--optimize", "most"], "basic"),
        (&["inspect", "m.onnx", "--slo", "soon"], "--slo"),
        (&["inspect", "m.onnx", "--pad", "ids"], "INPUT:AXIS"),
        (&["inspect", "m.onnx", "--memory-max", "lots"], "512MiB"),
        (&["run", &model, "--input", "x.npy", "--output", "-", "--json"], "standard output"),
    ] {
        let ended = phalanx(args);
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{args:?}");
        assert!(
            ended.stderr.starts_with("error: ") && ended.stderr.contains(expected),
            "{args:?}: {}",
            ended.stderr
        );
    }
}

#[test]
fn help_answers_with_examples() {
    for args in [
        &["--help"][..],
        &["run", "--help"],
        &["bench", "--help"],
        &["demo", "--help"],
        &["doctor", "--help"],
        &["crash-check", "--help"],
    ] {
        let ended = phalanx(args).done();
        assert!(
            ended.text().contains("phalanx ") && ended.text().contains("Example"),
            "{args:?}: {}",
            ended.text()
        );
    }
    assert!(phalanx(&["--version"]).done().text().starts_with("phalanx "));
}

#[test]
fn completions_are_for_every_command() {
    let ended = phalanx(&["completions", "bash"]).done();
    for command in ["demo", "run", "bench", "inspect", "devices", "doctor", "crash-check"] {
        assert!(ended.text().contains(command), "{command}");
    }
}
