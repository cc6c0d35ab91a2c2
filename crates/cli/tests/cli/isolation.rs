use rustix::process::{Pid, Signal, kill_process};

use crate::models::tiny;
use crate::program::{BACKEND, command, phalanx};
use crate::serving::Serving;

#[test]
fn a_killed_worker_costs_no_request() {
    let (_folder, model) = tiny();
    let serving = Serving::ready(&[&model, BACKEND, "--isolation=process", "--lanes=1"]);
    let mut connection = serving.connect();
    for round in 0..3_u8 {
        for worker in workers(serving.pid()) {
            kill_process(worker, Signal::KILL).unwrap();
        }
        let first = f32::from(round);
        assert_eq!(connection.infer("model", [first; 4]).numbers(), [f64::from(2.0 * first + 1.0); 4]);
    }
    let metrics = connection.get("/metrics");
    let metrics = String::from_utf8(metrics.body).unwrap();
    assert!(metrics.contains("phalanx_worker_processes{"), "{metrics}");
    serving.stop();
}

#[test]
fn workers_end_with_their_parent() {
    let (_folder, model) = tiny();
    for signal in [Signal::KILL, Signal::TERM] {
        let serving = Serving::ready(&[&model, BACKEND, "--isolation=process", "--lanes=1"]);
        let workers = workers(serving.pid());
        assert!(!workers.is_empty());
        serving.signal(signal);
        serving.end();
        // Nothing tells when somebody else's child is gone.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while workers.iter().any(|&worker| is_alive(worker)) {
            assert!(std::time::Instant::now() < deadline, "after {signal:?} {workers:?} are still there");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_worker_exe_that_is_none_is_told() {
    let (folder, model) = tiny();
    let none = folder.path("none");
    let bench =
        ["bench", &model, BACKEND, "--strategy=callers", "--isolation=process", "--worker-exe", &none];
    phalanx(&bench).failed(&["is no file"]).hint("the phalanx program");
}

#[test]
fn a_backend_that_lies_in_one_place_fails_the_first_level_and_is_told_where() {
    let (_folder, model) = tiny();
    let verify =
        ["verify", &model, "--backend=chaos", "--level=1", "--lanes=1", "--threads=1", "--max-batch=8"];
    let lying = |plan: &str| command(&verify).env("PHALANX_CHAOS", plan).output().unwrap();
    let lied = lying("lie=position:3,element:2,by:0.5");
    assert_eq!(lied.status.code(), Some(1), "{}", String::from_utf8_lossy(&lied.stderr));
    let stderr = String::from_utf8(lied.stderr).unwrap();
    for part in ["level 1 (correctness) failed", "chaos on cpu", "position 3", "element 2"] {
        assert!(stderr.contains(part), "{part:?} is not in {stderr}");
    }
    // A plan without a lie: it is the lie that failed before.
    let honest = lying("slow=0@value=-12345");
    assert_eq!(honest.status.code(), Some(0), "{}", String::from_utf8_lossy(&honest.stderr));
}

#[test]
fn a_backend_that_crashes_when_it_is_tried_is_passed_over() {
    let (folder, model) = tiny();
    let sick = folder.path("sick");
    let mut serve = crate::program::server(&["serve", &model, "--http", "127.0.0.1:0", "--grpc", "none"]);
    serve.args(["--isolation=process", "--lanes=1", "--backend=auto"]);
    serve.env("PHALANX_CHAOS", format!("crash@while={sick}"));
    std::fs::write(&sick, "").unwrap();
    let mut serving = Serving::spawn(serve);
    serving.wait_for("ready: ");
    assert_eq!(serving.connect().infer("model", [1.0; 4]).numbers(), [3.0; 4]);
    let said = serving.said.join("\n");
    assert!(said.contains("chaos") && said.contains("SIGABRT"), "{said}");
    serving.stop();
}

/// The processes that this one has started.
fn workers(parent: u32) -> Vec<Pid> {
    let all = std::fs::read_dir("/proc").unwrap().map_while(Result::ok);
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|&pid| parent_of(pid) == Some(parent)).filter_map(Pid::from_raw).collect()
}

fn is_alive(pid: Pid) -> bool {
    parent_of(pid.as_raw_nonzero().get()).is_some()
}

/// The parent of a process that runs; `None` for one that is gone, or waits to be.
fn parent_of(pid: i32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name comes in parentheses, and may have any character in it.
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    if rest.next()? == "Z" { None } else { rest.next()?.parse().ok() }
}
