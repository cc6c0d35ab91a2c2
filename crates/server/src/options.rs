use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// How a server listens, and what it bounds.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where HTTP is answered; nowhere without it.
    pub http: Option<SocketAddr>,
    /// Where gRPC is answered; nowhere without it.
    pub grpc: Option<SocketAddr>,
    /// Threads that read and write connections.
    pub io_threads: usize,
    /// What may not be passed.
    pub limits: Limits,
    /// What may not take longer.
    pub timeouts: Timeouts,
    /// The certificate to answer with; plain text without it.
    pub tls: Option<Tls>,
    /// Keys of which a caller must show one; anybody may call where there are none.
    pub api_keys: Vec<String>,
    /// Whether clients may register shared-memory regions.
    pub allow_shared_memory: bool,
    /// Origins whose pages may call, `*` for all; none unless given.
    pub cors_origins: Vec<String>,
    /// Whether the server is not ready before [`Server::release`](crate::Server::release) says that all models wanted
    /// at start are there.
    pub held: bool,
}

/// What may not be passed; a request or connection beyond is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once, over both protocols.
    pub connections_max: usize,
    /// Bytes of one request's body, also once it is decompressed.
    pub request_bytes_max: usize,
    /// Bytes of one request's headers.
    pub header_bytes_max: usize,
    /// How deep JSON may nest.
    pub json_depth_max: usize,
    /// Bytes of all requests' bodies that are read and not answered yet.
    pub in_flight_bytes_max: usize,
    /// Concurrent calls of one gRPC connection.
    pub streams_max: u32,
}

/// What may not take longer; whoever does is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a request's headers to their last, and of a TLS handshake.
    pub header: Duration,
    /// Between two pieces of a body, read or written.
    pub stall: Duration,
    /// From the last answer to the next request of a connection.
    pub idle: Duration,
}

/// Files in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those it is signed with.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for ServerOptions {
    fn default() -> Self {
        let at = |port| Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
        Self {
            http: at(8000),
            grpc: at(8001),
            io_threads: io_threads_default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            tls: None,
            api_keys: Vec::new(),
            allow_shared_memory: false,
            cors_origins: Vec::new(),
            held: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            request_bytes_max: 64 << 20,
            header_bytes_max: 64 << 10,
            json_depth_max: 32,
            in_flight_bytes_max: 1 << 30,
            streams_max: 1024,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            stall: Duration::from_secs(10),
            idle: Duration::from_secs(120),
        }
    }
}

/// One thread for every four cores: reading and writing a request costs far less than computing it.
fn io_threads_default() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(4))
}
