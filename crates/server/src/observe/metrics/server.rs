use std::fmt;

use super::exposition::{Exposition, Labels};
use crate::observe::snapshot::Snapshot;

/// What is true of the server as a whole.
pub(super) fn write(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    let one = |value: u64| [(Labels::new(), value)];
    to.info("phalanx_build", "What serves.", [vec![("version", env!("CARGO_PKG_VERSION").into())]])?;
    to.gauge(
        "phalanx_ready",
        "1 while requests can be answered: no model is loading, and the server is not stopping.",
        one(server.is_ready.into()),
    )?;
    to.gauge(
        "phalanx_uptime_seconds",
        "Time since the server started.",
        [(Labels::new(), server.uptime.as_secs_f64())],
    )?;
    to.gauge("phalanx_connections_open", "Connections that are open.", one(server.connections_open as u64))?;
    to.gauge("phalanx_connections_max", "Connections that may be open.", one(server.connections_max as u64))?;
    to.gauge(
        "phalanx_in_flight_bytes",
        "Bytes of requests that are not answered yet.",
        one(server.in_flight_bytes as u64),
    )?;
    to.gauge(
        "phalanx_in_flight_bytes_max",
        "Bytes that requests may have before more are refused.",
        one(server.in_flight_bytes_max as u64),
    )?;
    to.counter(
        "phalanx_http_responses",
        "Answers over HTTP, by status.",
        server.http.iter().map(|&(status, count)| (vec![("code", status.to_string().into())], count)),
    )?;
    to.counter(
        "phalanx_grpc_responses",
        "Answered gRPC calls, by status.",
        server.grpc.iter().map(|&(code, count)| (vec![("code", code.into())], count)),
    )?;
    process_wide(to, server)
}

/// What Prometheus' own clients tell of a process, by the same names.
fn process_wide(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    to.gauge(
        "process_resident_memory_bytes",
        "Physical memory of the process.",
        server.resident_bytes.map(|bytes| (Labels::new(), bytes)),
    )?;
    to.counter(
        "process_cpu_seconds",
        "CPU time of the process, user and system.",
        [(Labels::new(), server.cpu_time.as_secs_f64())],
    )?;
    to.gauge(
        "process_start_time_seconds",
        "When the server started, since 1970.",
        [(Labels::new(), server.started.as_secs_f64())],
    )
}
