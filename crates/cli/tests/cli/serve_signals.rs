use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;

use crate::models::tiny;
use crate::program::BACKEND;
use crate::serving::Serving;

/// Callers that keep asking, each over a connection of its own.
const CALLERS: usize = 16;

/// Answers before the signal comes: by then every caller is in the middle of something.
const ANSWERED: usize = 200;

#[test]
fn everything_that_was_asked_is_answered_before_it_ends() {
    let (_folder, model) = tiny();
    let serving = Serving::ready(&[&model, BACKEND]);
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let mut connection = serving.connect();
                let answered = &answered;
                scope.spawn(move || {
                    loop {
                        let reply = connection.infer("model", [caller as f32; 4]);
                        assert_eq!(reply.numbers(), [caller as f64 * 2.0 + 1.0; 4]);
                        answered.fetch_add(1, Ordering::Relaxed);
                        if reply.header("connection") == Some("close") {
                            break;
                        }
                    }
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) < ANSWERED {
            std::thread::yield_now();
        }
        serving.signal(Signal::TERM);
        // A request that is not answered fails its caller.
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
    let (code, said) = serving.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stopping") && said.contains("stopped") && !said.contains("error"), "{said}");
}

#[test]
fn a_signal_while_a_model_loads_ends_it_too() {
    let (_folder, model) = tiny();
    // It waits for input that never comes.
    let mut serving = Serving::start(&[&model, BACKEND, "--warmup", "-"]);
    serving.wait_for("loading model from ");
    let stdin = serving.stdin();
    serving.signal(Signal::TERM);
    let (code, said) = serving.end();
    assert_eq!(code, Some(0), "{said}");
    drop(stdin);
}

/// A server with a request of which only half has come, and which it will wait for.
fn half_asked(args: &[&str]) -> (Serving, crate::http::Connection) {
    let (folder, model) = tiny();
    let serving = Serving::ready(&[&[&*model, BACKEND, "--stall-timeout", "1h"], args].concat());
    drop(folder);
    let mut connection = serving.connect();
    // It was heard of once the first is answered: what follows on the same connection has then been read up to here.
    let path = "/v2/models/model/infer";
    connection.send("POST", path, &[("content-length", "1000"), ("expect", "100-continue")], b"");
    assert_eq!(connection.reply().unwrap().status, 100);
    (serving, connection)
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (signal, expected) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let (mut serving, connection) = half_asked(&["--grace", "1h"]);
        serving.signal(Signal::TERM);
        serving.wait_for("stopping");
        serving.signal(signal);
        let (code, said) = serving.end();
        assert_eq!(code, Some(expected), "{said}");
        drop(connection);
    }
}

#[test]
fn what_is_not_answered_in_time_is_a_failure() {
    let (serving, connection) = half_asked(&["--grace", "10ms"]);
    serving.signal(Signal::TERM);
    let (code, said) = serving.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("not everything that was accepted could be answered within 10ms"), "{said}");
    drop(connection);
}

#[test]
fn looking_again_does_not_end_it() {
    let (_folder, model) = tiny();
    let mut serving = Serving::ready(&[&model, BACKEND]);
    serving.signal(Signal::HUP);
    serving.wait_for("warning: nothing was loaded again");
    assert_eq!(serving.connect().infer("model", [0.0; 4]).numbers(), [1.0; 4]);
    serving.stop();
}
