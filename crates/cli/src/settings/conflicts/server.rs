use std::net::SocketAddr;

use super::super::{Scope, Setting};
use super::{clash, clash_if};
use crate::args::{ModelControl, ServerArgs};
use crate::failure::Failure;

/// Refuses what contradicts itself in the server's options.
pub(super) fn check(scope: &Scope, args: &ServerArgs) -> Result<(), Failure> {
    listening(scope, args)?;
    repository(scope, args)?;
    let both = |one: &str, other: &str, why: &str| clash(scope.get(one), scope.get(other), why);
    clash_if(args.request_bytes_max > args.in_flight_bytes_max, || {
        both("request_bytes_max", "in_flight_bytes_max", "the largest request would always be refused")
    })?;
    let rate_given = scope.get("trace_rate").is_some_and(Setting::is_given);
    clash_if(rate_given && args.otlp_endpoint.is_none(), || {
        both("trace_rate", "otlp_endpoint", "traces are sent nowhere")
    })
}

fn listening(scope: &Scope, args: &ServerArgs) -> Result<(), Failure> {
    let both = |one: &str, other: &str, why: &str| clash(scope.get(one), scope.get(other), why);
    clash_if(args.tls_cert.is_some() != args.tls_key.is_some(), || {
        both("tls_cert", "tls_key", "a certificate needs its key, and a key its certificate")
    })?;
    match (args.http.0, args.grpc.0) {
        (None, None) => Err(both("http", "grpc", "nobody could ask anything")),
        (Some(http), Some(grpc)) if overlap(http, grpc) => {
            Err(both("http", "grpc", "each needs a port of its own"))
        }
        _ => Ok(()),
    }
}

/// Whether both cannot be listened at.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (any || one.ip() == other.ip())
}

fn repository(scope: &Scope, args: &ServerArgs) -> Result<(), Failure> {
    let both = |one: &str, other: &str, why: &str| clash(scope.get(one), scope.get(other), why);
    let given = |key: &str| scope.get(key).is_some_and(Setting::is_given);
    let controlled = args.model_control != ModelControl::None;
    clash_if(controlled && args.repository.is_empty(), || {
        both("model_control", "repository", "without a repository there is nothing to load from")
    })?;
    clash_if(!args.load_model.is_empty() && args.model_control != ModelControl::Explicit, || {
        both("load_model", "model_control", "unless that is explicit, all models are loaded")
    })?;
    clash_if(given("poll_interval") && args.model_control != ModelControl::Poll, || {
        both("poll_interval", "model_control", "unless that is poll, nobody looks for changes")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_all_addresses_is_one_of_each() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(overlap(at("127.0.0.1:1"), at("127.0.0.1:1")));
        assert!(overlap(at("0.0.0.0:1"), at("127.0.0.1:1")));
        assert!(!overlap(at("127.0.0.1:0"), at("127.0.0.1:0")));
        assert!(!overlap(at("127.0.0.1:1"), at("127.0.0.2:1")));
        assert!(!overlap(at("127.0.0.1:1"), at("127.0.0.1:2")));
    }
}
