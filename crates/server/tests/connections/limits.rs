use phalanx_server::ModelOptions;

use crate::client::{ROW_BYTES, raw};
use crate::http::{Client, get, post};
use crate::served::{options, serve};

#[test]
fn a_body_beyond_the_limit_is_refused_whether_it_was_announced_or_not() {
    let mut options = options();
    options.limits.request_bytes_max = ROW_BYTES;
    let (_server, address, _) = serve(options, ModelOptions::default());
    assert_eq!(Client::connect(address).call(&raw(1, 1)).status, 200);
    let reply = Client::connect(address).call(&raw(2, 1));
    assert_eq!(reply.status, 413, "{}", reply.text());
    assert!(reply.text().contains("1024"), "{}", reply.text());

    let chunk = "400\r\n".to_owned() + &"x".repeat(0x400) + "\r\n";
    let chunked = format!(
        "POST /v2/models/null/infer HTTP/1.1\r\nhost: test\r\ninference-header-content-length: 0\r\n\
         transfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    assert_eq!(Client::connect(address).call(chunked.as_bytes()).status, 413);
}

#[test]
fn headers_beyond_the_limit_are_refused() {
    let mut options = options();
    options.limits.header_bytes_max = 8 << 10;
    let (_server, address, _) = serve(options, ModelOptions::default());
    let long = format!("GET /v2 HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n", "y".repeat(32 << 10));
    assert_eq!(Client::connect(address).call(long.as_bytes()).status, 431);
    let many = format!("GET /v2 HTTP/1.1\r\nhost: test\r\n{}\r\n", "x: y\r\n".repeat(200));
    assert_eq!(Client::connect(address).call(many.as_bytes()).status, 431);
}

#[test]
fn connections_beyond_the_limit_are_closed_and_room_is_used_again() {
    let mut options = options();
    options.limits.connections_max = 1;
    let (_server, address, _) = serve(options, ModelOptions::default());
    let mut first = Client::connect(address);
    assert_eq!(first.call(&get("/v2/health/live")).status, 200);
    assert!(Client::connect(address).is_closed());
    drop(first);
    // The server sees a moment later that the first one has left.
    while Client::connect(address).try_call(&get("/v2/health/live")).is_none() {}
}

#[test]
fn bodies_in_flight_are_bounded() {
    let mut options = options();
    options.limits.in_flight_bytes_max = 3 * ROW_BYTES;
    let (_server, address, gate) = serve(options, ModelOptions::default());
    gate.shut();
    let mut first = Client::connect(address);
    first.send(&raw(2, 1));
    gate.wait_for_somebody();
    let refused = Client::connect(address).call(&raw(2, 2));
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.headers.contains_key("retry-after"));
    gate.open();
    assert_eq!(first.reply().unwrap().status, 200);
    assert_eq!(Client::connect(address).call(&raw(2, 2)).status, 200);
}

#[test]
fn json_that_nests_too_deep_is_refused() {
    let (_server, address, _) = serve(options(), ModelOptions::default());
    let deep = "[".repeat(100_000);
    let reply = Client::connect(address).call(&post("/v2/models/null/infer", "", deep.as_bytes()));
    assert_eq!(reply.status, 400, "{}", reply.text());
}
