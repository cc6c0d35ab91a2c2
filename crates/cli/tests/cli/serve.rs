use phalanx_model::samples;

use crate::arrays::npy_f32;
use crate::http::Connection;
use crate::models::{Folder, tiny};
use crate::program::{BACKEND, phalanx};
use crate::serving::Serving;

#[test]
fn a_model_answers_under_its_files_name() {
    let (_folder, model) = tiny();
    let serving = Serving::ready(&[&model, BACKEND]);
    let ready = serving.said.last().unwrap().clone();
    let address = serving.address("http");
    assert!(
        ready.starts_with(&format!("ready: model at http://{address}/v2/models/model/infer (")),
        "{ready}"
    );
    let mut connection = serving.connect();
    assert_eq!(connection.get("/v2/health/live").status, 200);
    assert_eq!(connection.get("/v2/health/ready").status, 200);
    let metadata = connection.get("/v2/models/model/versions/1");
    assert_eq!(metadata.json()["inputs"][0]["name"], "x");
    assert_eq!(connection.infer("model", [0.0, 1.0, -2.0, 0.5]).numbers(), [1.0, 3.0, -3.0, 2.0]);
    let unknown = connection.infer("other", [0.0; 4]);
    assert_eq!(unknown.status, 404);
    assert!(unknown.error().contains("\"other\""), "{}", unknown.error());
    serving.stop();
}

#[test]
fn rows_go_through_as_bytes_too() {
    let (_folder, model) = tiny();
    let serving = Serving::ready(&[&model, BACKEND]);
    let body: Vec<u8> = (0..8_u8).flat_map(|value| f32::from(value).to_le_bytes()).collect();
    let headers = [("inference-header-content-length", "0"), ("content-type", "application/octet-stream")];
    let reply = serving.connect().ask("POST", "/v2/models/model/infer", &headers, &body);
    assert_eq!(reply.status, 200);
    let header: usize = reply.header("inference-header-content-length").unwrap().parse().unwrap();
    let expected: Vec<u8> = (0..8_u8).flat_map(|value| f32::from(2 * value + 1).to_le_bytes()).collect();
    assert_eq!(reply.body[header..], expected);
    serving.stop();
}

#[test]
fn several_models_are_served_and_one_can_be_named() {
    let folder = Folder::new();
    let files = ["one.onnx", "two.onnx"].map(|name| folder.path(name));
    files.iter().for_each(|path| samples::tiny().write(path).unwrap());
    let mut serving = Serving::start(&[&files[0], &files[1], BACKEND]);
    serving.wait_for("ready: one at ");
    serving.wait_for("ready: two at ");
    let mut connection = serving.connect();
    for name in ["one", "two"] {
        assert_eq!(connection.infer(name, [1.0; 4]).numbers(), [3.0; 4]);
    }
    serving.stop();
    let serving = Serving::ready(&[&files[0], "--name", "first", BACKEND]);
    let mut connection = serving.connect();
    assert_eq!(connection.infer("first", [1.0; 4]).numbers(), [3.0; 4]);
    assert_eq!(connection.infer("one", [1.0; 4]).status, 404);
    serving.stop();
}

#[test]
fn it_is_live_at_once_and_ready_once_the_model_is() {
    let (_folder, model) = tiny();
    // The model waits for input to warm up with, and so does readiness.
    let mut serving = Serving::start(&[&model, BACKEND, "--warmup", "-"]);
    serving.wait_for("loading model from ");
    let mut connection = serving.connect();
    assert_eq!(connection.get("/v2/health/live").status, 200);
    assert_eq!(connection.get("/v2/health/ready").status, 503);
    let early = connection.infer("model", [0.0; 4]);
    assert_eq!(early.status, 503);
    assert!(early.error().contains("loading"), "{}", early.error());
    std::io::Write::write_all(&mut serving.stdin(), &npy_f32(&[2, 4], [0.5; 8])).unwrap();
    serving.wait_for("ready: model at ");
    assert_eq!(connection.get("/v2/health/ready").status, 200);
    assert_eq!(connection.infer("model", [0.0; 4]).numbers(), [1.0; 4]);
    serving.stop();
}

#[test]
fn a_repository_is_served() {
    let folder = Folder::new();
    for version in ["1", "3"] {
        let place = folder.folder().join("doubling").join(version);
        std::fs::create_dir_all(&place).unwrap();
        samples::tiny().write(place.join("model.onnx")).unwrap();
    }
    let mut serving = Serving::start(&["--repository", folder.folder().to_str().unwrap(), BACKEND]);
    serving.wait_for("ready: doubling at ");
    let mut connection = serving.connect();
    let reply = connection.infer("doubling", [1.0; 4]);
    assert_eq!(reply.numbers(), [3.0; 4]);
    assert_eq!(reply.json()["model_version"], "3");
    serving.stop();
}

#[test]
fn a_models_table_goes_before_its_own_configuration_and_that_before_the_defaults() {
    let folder = Folder::new();
    for name in ["one", "two", "three"] {
        let place = folder.folder().join("models").join(name);
        std::fs::create_dir_all(place.join("1")).unwrap();
        samples::tiny().write(place.join("1/model.onnx")).unwrap();
        if name != "three" {
            std::fs::write(place.join("config.pbtxt"), "max_batch_size: 4").unwrap();
        }
    }
    let text =
        "[server]\nrepository = [\"models\"]\n[defaults]\nmax_batch = 16\n[models.one]\nmax_batch = 8\n";
    let config = folder.write("phalanx.toml", text);
    let serving = Serving::ready(&["--config", &config, BACKEND]);
    let mut connection = serving.connect();
    let rows = ["one", "two", "three"].map(|name| {
        let configuration = connection.get(&format!("/v2/models/{name}/config"));
        configuration.json()["max_batch_size"].as_u64().unwrap()
    });
    assert_eq!(rows, [8, 4, 16]);
    serving.stop();
}

#[test]
fn a_polled_repository_is_looked_through_when_told() {
    let folder = Folder::new();
    let repository = folder.path("");
    let args = ["--repository", &repository, "--model-control", "poll", BACKEND];
    let mut serving = Serving::start(&[&args[..], &["--poll-interval", "1d"]].concat());
    serving.wait_for("ready: no model");
    let place = folder.folder().join("late/1");
    std::fs::create_dir_all(&place).unwrap();
    samples::tiny().write(place.join("model.onnx")).unwrap();
    let mut connection = serving.connect();
    // One look finds it, another sees that it has not changed since.
    while connection.infer("late", [1.0; 4]).status != 200 {
        serving.signal(rustix::process::Signal::HUP);
    }
    serving.stop();
}

#[test]
fn logs_can_be_for_programs() {
    let (_folder, model) = tiny();
    let mut serving = Serving::start(&[&model, BACKEND, "--log-format", "json"]);
    let ready = serving.wait_until(|line| line.contains("\"ready\""));
    let words: serde_json::Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((&words["model"], &words["level"]), (&"model".into(), &"INFO".into()));
    assert!(words["place"].as_str().unwrap().ends_with("/v2/models/model/infer"), "{ready}");
    serving.signal(rustix::process::Signal::TERM);
    let (code, said) = serving.end();
    assert_eq!(code, Some(0), "{said}");
    for line in said.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line:?}");
    }
}

#[test]
fn a_port_in_use_is_named() {
    let (_folder, model) = tiny();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    phalanx(&["serve", &model, "--http", &address, "--grpc", "none"])
        .failed(&["failed to listen", &address])
        .hint("--http");
}

#[test]
fn what_cannot_be_served_is_named() {
    let folder = Folder::new();
    let addresses = ["--http", "127.0.0.1:0", "--grpc", "none"];
    let serve = |args: &[&str]| {
        let ended = phalanx(&[&["serve"], args, &addresses].concat());
        let errors: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!((ended.code, errors.len()), (Some(1), 1), "{}", ended.stderr);
        errors[0].to_owned()
    };
    assert!(serve(&[]).contains("nothing to serve"));
    assert!(serve(&[&folder.path("none.onnx")]).contains("there is no file"));
    let text = folder.write("text.onnx", "this is no model");
    assert!(serve(&[&text]).contains("not an ONNX model"));
    let model = folder.model(&samples::unknown_operator());
    let error = serve(&[&model, BACKEND]);
    assert!(error.contains("\"model\"") && error.contains("Mystery"), "{error}");
    let model = folder.model(&samples::tiny());
    let library = folder.path("none.so");
    let error = serve(&[&model, "--backend", "onnxruntime", "--onnxruntime", &library]);
    assert!(error.contains("\"model\"") && error.contains("none.so"), "{error}");
    let other = format!("{}/../{}", folder.folder().display(), folder.folder().display());
    let error = serve(&[&model, &format!("{other}/model.onnx")]);
    assert!(error.contains("different names") && error.contains(&model), "{error}");
    assert!(serve(&["--repository", &folder.path("none")]).contains("repository"));
}

#[test]
fn help_has_examples_and_every_option_its_place() {
    let help = phalanx(&["serve", "--help"]).done();
    for part in ["Examples:\n  phalanx serve model.onnx", "PHALANX_MAX_BATCH", "SIGTERM", "--slo", "--grace"]
    {
        assert!(help.text().contains(part), "{part:?} is not in\n{}", help.text());
    }
    let help = phalanx(&["config", "show", "--help"]).done();
    assert!(help.text().contains("phalanx config show --config phalanx.toml"), "{}", help.text());
}

#[test]
fn a_name_is_for_one_model() {
    let ended = phalanx(&["serve", "a.onnx", "b.onnx", "--name", "c"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("--name is for one model"), "{}", ended.stderr);
}

#[test]
fn what_is_too_large_is_refused() {
    let (_folder, model) = tiny();
    let serving =
        Serving::ready(&[&model, BACKEND, "--request-bytes-max", "1KiB", "--header-bytes-max", "16KiB"]);
    let large = vec![0; 1025];
    let ask = |connection: &mut Connection, headers: &[(&str, &str)], body: &[u8]| {
        connection.ask("POST", "/v2/models/model/infer", headers, body).status
    };
    assert_eq!(ask(&mut serving.connect(), &[], &large), 413);
    let header = "x".repeat(32 << 10);
    assert_eq!(ask(&mut serving.connect(), &[("x-large", &header)], b""), 431);
    assert_eq!(serving.connect().infer("model", [0.0; 4]).numbers(), [1.0; 4]);
    serving.stop();
}
