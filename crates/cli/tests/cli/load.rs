//! `phalanx load`, on a server that gives every request the same answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::program::phalanx;

const METADATA: &str = r#"{"name":"m","versions":["1"],"platform":"fake",
    "inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],
    "outputs":[{"name":"y","datatype":"FP32","shape":[-1,1]}]}"#;

const ANSWER: &str =
    r#"{"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[1,1],"data":[0.5]}]}"#;

/// Starts a server that ends with this process.
fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || serve(stream.unwrap()));
        }
    });
    address
}

fn serve(mut stream: TcpStream) {
    let mut read = Vec::new();
    let mut part = [0; 4096];
    while let Ok(bytes @ 1..) = stream.read(&mut part) {
        read.extend_from_slice(&part[..bytes]);
        let Some(head) = read.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&read[..head]).into_owned();
        let length = text.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        if read.len() < head + 4 + length {
            continue;
        }
        read.drain(..head + 4 + length);
        let body = if text.starts_with("GET ") { METADATA } else { ANSWER };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).is_err() {
            return;
        }
    }
}

/// Loads the server with these options.
fn load(address: SocketAddr, options: &str) -> crate::program::Ended {
    let line = format!("load {address} --model m --format json --warmup 0s {options}");
    phalanx(&line.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn an_open_loop_is_reported_as_a_table_and_as_json() {
    let address = start();
    let options = "--rate 200 --arrivals constant --duration 100ms --slo 10s";
    let table = load(address, options).done();
    let figures = table.text().lines().find(|line| line.trim_start().starts_with("200 ")).unwrap();
    assert!(figures.contains(" 20 ") && figures.contains("100.00 %"), "{figures}");
    let report = load(address, &format!("{options} --json")).done().json();
    assert_eq!(report["total"]["in_time"], 20);
    assert_eq!((&report["loop"], &report["protocol"]), (&"open".into(), &"HTTP json".into()));
    assert!(report["machine"]["cpus"].as_u64().unwrap() > 0);
}

#[test]
fn steps_and_ramps_have_a_row_each() {
    let report = load(start(), "--rate 100 --steps 0.5,2 --step-duration 100ms --json").done().json();
    assert_eq!(report["steps"].as_array().unwrap().len(), 2);
    let report = load(start(), "--ramp 0:200 --duration 200ms --json").done().json();
    assert_eq!(report["steps"].as_array().unwrap().len(), 10);
}

#[test]
fn a_closed_loop_writes_its_histogram() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("load.hlog");
    let options = format!("--callers 2 --duration 50ms --hdr {}", path.display());
    load(start(), &options).done();
    let log = std::fs::read_to_string(path).unwrap();
    assert!(log.starts_with("#[Histogram log format version 1.2]\n"), "{log}");
    assert!(log.lines().any(|line| line.contains(",HISTFAA")), "{log}");
}

#[test]
fn a_search_prints_its_probes_and_what_it_found() {
    let options = "--find-goodput --rate 50 --slo 10s --duration 100ms --probes 2";
    let ended = load(start(), options).done();
    assert!(ended.text().contains("goodput: 62.5 requests/s, 99.0 % within 10,000 ms, not confirmed"));
    assert_eq!(ended.stderr.lines().filter(|line| line.starts_with("probe ")).count(), 2);
}

#[test]
fn what_cannot_be_loaded_is_said() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    load(unused, "--rate 1").failed(&["failed to reach", &unused.to_string()]).hint("running");
    load(start(), "--rate 1 --dim seq=3").failed(&["\"seq\""]);
    load(start(), "--rate 0").failed(&["rate: expected", "got 0:0"]);
    let ended = phalanx(&["load", "ftp://x", "--model", "m", "--rate", "1"]);
    ended.failed(&["expected http://", "\"ftp://x\""]);
}
