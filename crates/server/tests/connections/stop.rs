use std::net::TcpStream;
use std::time::Duration;

use phalanx_server::ModelOptions;

use crate::client::raw;
use crate::http::{Client, get};
use crate::served::{options, serve};

const LONG: Duration = Duration::from_secs(30);

#[test]
fn what_was_accepted_is_answered_and_nothing_more_is_accepted() {
    let (server, address, gate) = serve(options(), ModelOptions::default());
    gate.shut();
    let mut clients: Vec<Client> = (0..8).map(|_| Client::connect(address)).collect();
    for client in &mut clients {
        client.send(&raw(1, 5));
    }
    gate.wait_for_somebody();
    let mut asking = Client::connect(address);
    assert_eq!(asking.call(&get("/v2/health/ready")).status, 200);

    server.begin_stop();
    let reply = asking.call(&get("/v2/health/ready"));
    assert_ne!(reply.status, 200, "not ready while stopping");
    assert_eq!(reply.headers["connection"], "close");
    assert!(asking.is_closed());
    let stopping = std::thread::spawn(move || server.stop(LONG));
    gate.open();
    for mut client in clients {
        let reply = client.reply().unwrap();
        assert_eq!((reply.status, reply.headers["connection"].as_str()), (200, "close"));
    }
    assert!(stopping.join().unwrap(), "everything was answered in time");
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn what_takes_longer_than_the_grace_is_given_up() {
    let (server, address, gate) = serve(options(), ModelOptions::default());
    gate.shut();
    let mut client = Client::connect(address);
    client.send(&raw(1, 5));
    gate.wait_for_somebody();
    let stopping = std::thread::spawn(move || server.stop(Duration::from_millis(50)));
    assert!(client.is_closed());
    gate.open();
    assert!(!stopping.join().unwrap(), "one request was not answered");
}

#[test]
fn a_server_without_connections_stops_at_once() {
    let (server, _, _) = serve(options(), ModelOptions::default());
    assert!(server.stop(Duration::ZERO));
}
