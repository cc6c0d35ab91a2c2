use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use phalanx_server::ModelOptions;

use crate::client::{ROW_BYTES, raw};
use crate::http::{Client, post};
use crate::served::{options, serve};

const PATH: &str = "/v2/models/null/infer";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn json() -> Vec<u8> {
    let data = vec!["1.5"; 256].join(",");
    let text = format!(
        r#"{{"id":"7","inputs":[{{"name":"x","shape":[1,256],"datatype":"FP32","data":[{data}]}}]}}"#
    );
    text.into_bytes()
}

#[test]
fn raw_rows_come_back_as_raw_rows() {
    let (_server, address, _) = serve(options(), ModelOptions::default());
    let reply = Client::connect(address).call(&raw(3, 9));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let json_len: usize = reply.headers["inference-header-content-length"].parse().unwrap();
    assert_eq!(reply.body.len() - json_len, 3 * ROW_BYTES);
    assert!(reply.body[json_len..].iter().all(|&byte| byte == 9));
    assert!(reply.headers["server-timing"].contains("batch;desc="), "{:?}", reply.headers);
}

#[test]
fn json_may_be_compressed_both_ways() {
    let (_server, address, _) = serve(options(), ModelOptions::default());
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&json()).unwrap();
    let bodies = [("identity", json()), ("gzip", gzip(&json())), ("deflate", zlib.finish().unwrap())];
    for (encoding, body) in bodies {
        let headers = format!("content-encoding: {encoding}\r\n");
        let reply = Client::connect(address).call(&post(PATH, &headers, &body));
        assert_eq!(reply.status, 200, "{encoding}: {}", reply.text());
        assert!(reply.text().contains("\"id\":\"7\""), "{}", reply.text());
        assert!(reply.text().contains("1.5,1.5"), "{}", reply.text());
    }
    let reply = Client::connect(address).call(&post(PATH, "accept-encoding: gzip\r\n", &json()));
    assert_eq!(reply.headers["content-encoding"], "gzip");
    assert!(reply.body.len() < 1000);
}

#[test]
fn a_compressed_body_may_not_unfold_beyond_the_limit() {
    let mut options = options();
    options.limits.request_bytes_max = 1 << 20;
    let (_server, address, _) = serve(options, ModelOptions::default());
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let reply = Client::connect(address).call(&post(PATH, "content-encoding: gzip\r\n", &bomb));
    assert_eq!(reply.status, 413, "{}", reply.text());
    let reply = Client::connect(address).call(&post(PATH, "content-encoding: br\r\n", b"x"));
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("gzip, deflate or identity"), "{}", reply.text());
}

#[test]
fn requests_that_were_sent_ahead_are_answered_in_order() {
    let (_server, address, _) = serve(options(), ModelOptions::default());
    let mut client = Client::connect(address);
    client.send(&[raw(1, 1), raw(1, 2), raw(1, 3)].concat());
    for value in 1..=3 {
        assert_eq!(client.reply().unwrap().body.last(), Some(&value));
    }
}
