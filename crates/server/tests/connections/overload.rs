use std::time::Duration;

use phalanx_server::ModelOptions;

use crate::client::{ROW_BYTES, raw};
use crate::http::{Client, post};
use crate::served::{options, serve};

fn narrow() -> ModelOptions {
    ModelOptions { max_batch: Some(1), queue_limit: Some(1), depth: Some(1), ..ModelOptions::default() }
}

#[test]
fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let (_server, address, gate) = serve(options(), narrow());
    gate.shut();
    let mut running = Client::connect(address);
    running.send(&raw(1, 1));
    gate.wait_for_somebody();
    let mut waiting: Vec<Client> = Vec::new();
    let refused = loop {
        let mut client = Client::connect(address);
        client.send(&raw(1, 2));
        // Whoever was admitted is not answered while the gate is shut; the refused one is.
        client.reader.get_ref().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        if client.is_answered() {
            break client.reply().unwrap();
        }
        waiting.push(client);
        assert!(waiting.len() < 10, "the queue holds one");
    };
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.headers["retry-after"].parse::<u64>().unwrap() >= 1);
    gate.open();
    assert_eq!(running.reply().unwrap().status, 200);
    for mut client in waiting {
        client.reader.get_ref().set_read_timeout(None).unwrap();
        assert_eq!(client.reply().unwrap().status, 200);
    }
}

#[test]
fn a_client_that_leaves_frees_its_place() {
    let (_server, address, gate) = serve(options(), narrow());
    gate.shut();
    let mut running = Client::connect(address);
    running.send(&raw(1, 1));
    gate.wait_for_somebody();
    // As many come and go as would fill the queue many times over.
    for _ in 0..20 {
        let mut leaving = Client::connect(address);
        leaving.send(&raw(1, 2));
    }
    gate.open();
    assert_eq!(running.reply().unwrap().status, 200);
    assert_eq!(Client::connect(address).call(&raw(1, 3)).status, 200);
}

#[test]
fn a_deadline_that_has_passed_is_the_clients_own() {
    let (_server, address, gate) = serve(options(), narrow());
    gate.shut();
    let mut running = Client::connect(address);
    running.send(&raw(1, 1));
    gate.wait_for_somebody();
    let json = format!(
        r#"{{"parameters":{{"timeout":1}},"inputs":[{{"name":"x","shape":[1,256],"datatype":"FP32",
        "parameters":{{"binary_data_size":{ROW_BYTES}}}}}]}}"#
    );
    let headers = format!("inference-header-content-length: {}\r\n", json.len());
    let body = [json.as_bytes(), &[0; ROW_BYTES]].concat();
    let mut late = Client::connect(address);
    late.send(&post("/v2/models/null/infer", &headers, &body));
    gate.open();
    let reply = late.reply().unwrap();
    assert_eq!(reply.status, 504, "{}", reply.text());
    assert!(reply.headers.contains_key("retry-after"));
    assert_eq!(running.reply().unwrap().status, 200);
}
