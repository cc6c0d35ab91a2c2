use std::time::Duration;

use phalanx_server::{ModelOptions, ServerOptions, Timeouts};

use crate::client::raw;
use crate::http::{Client, get};
use crate::served::{options, serve};

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(3600);

fn with(timeouts: Timeouts) -> ServerOptions {
    ServerOptions { timeouts, ..options() }
}

#[test]
fn headers_that_do_not_end_are_cut_off() {
    let (_server, address, _) =
        serve(with(Timeouts { header: SHORT, stall: LONG, idle: LONG }), ModelOptions::default());
    let mut client = Client::connect(address);
    client.send(b"GET /v2 HTTP/1.1\r\nhost:");
    assert!(client.is_closed());
}

#[test]
fn a_body_that_stalls_is_cut_off() {
    let (_server, address, _) =
        serve(with(Timeouts { header: LONG, stall: SHORT, idle: LONG }), ModelOptions::default());
    let mut client = Client::connect(address);
    let request = raw(1, 7);
    client.send(&request[..request.len() - 1]);
    assert!(client.is_closed());
}

#[test]
fn a_connection_that_asks_nothing_is_closed() {
    let (_server, address, _) =
        serve(with(Timeouts { header: LONG, stall: LONG, idle: SHORT }), ModelOptions::default());
    let mut silent = Client::connect(address);
    let mut done = Client::connect(address);
    assert_eq!(done.call(&get("/v2/health/live")).status, 200);
    assert!(silent.is_closed());
    assert!(done.is_closed());
}

#[test]
fn a_slow_model_is_not_the_clients_fault() {
    let (_server, address, gate) =
        serve(with(Timeouts { header: SHORT, stall: SHORT, idle: SHORT }), ModelOptions::default());
    gate.shut();
    let mut waiting = Client::connect(address);
    waiting.send(&raw(1, 7));
    gate.wait_for_somebody();
    // By the time that an idle connection is cut off, a waiting one would have been too.
    assert!(Client::connect(address).is_closed());
    gate.open();
    assert_eq!(waiting.reply().unwrap().status, 200);
}
