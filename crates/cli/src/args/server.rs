use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Endpoint, bytes};

/// How the server listens, what it bounds and where its models come from.
///
/// With `EngineArgs` this is the one list of what can be configured: flags, environment variables, the keys of a
/// configuration file and `phalanx config show` are made from it. Whatever has a value unless given says so in
/// `[default: …]`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server options")]
pub(crate) struct ServerArgs {
    /// Where HTTP is answered: ADDRESS:PORT, where port 0 takes a free one, or none
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    pub(crate) http: Endpoint,

    /// Where gRPC is answered: ADDRESS:PORT, where port 0 takes a free one, or none
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8001")]
    pub(crate) grpc: Endpoint,

    /// Threads that read and write connections [default: one for every four CPUs]
    #[arg(long, value_name = "N")]
    pub(crate) io_threads: Option<NonZeroUsize>,

    /// How long accepted requests may take to be answered once the server stops
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) grace: Duration,

    /// The certificate to answer with, and those it is signed with, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Keys of which a caller must show one: a key a line, after # a comment
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Origins whose pages may call, * for all
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors_origin: Vec<String>,

    /// Lets clients register shared-memory regions
    #[arg(long, value_name = "BOOL", default_value_t = false, default_missing_value = "true")]
    #[arg(num_args = 0..=1, require_equals = true, hide_possible_values = true)]
    #[arg(action = clap::ArgAction::Set)]
    pub(crate) allow_shared_memory: bool,

    /// Connections open at once
    #[arg(long, value_name = "N", default_value = "4096")]
    pub(crate) connections_max: NonZeroUsize,

    /// Size of one request's body, also once it is decompressed
    #[arg(long, value_name = "BYTES", default_value = "64MiB", value_parser = bytes::parse)]
    pub(crate) request_bytes_max: usize,

    /// Size of one request's headers
    #[arg(long, value_name = "BYTES", default_value = "64KiB", value_parser = bytes::parse)]
    pub(crate) header_bytes_max: usize,

    /// How deep JSON may nest
    #[arg(long, value_name = "N", default_value = "32")]
    pub(crate) json_depth_max: NonZeroUsize,

    /// Size of all bodies that are read and not answered yet
    #[arg(long, value_name = "BYTES", default_value = "1GiB", value_parser = bytes::parse)]
    pub(crate) in_flight_bytes_max: usize,

    /// Concurrent calls of one gRPC connection
    #[arg(long, value_name = "N", default_value = "1024")]
    pub(crate) streams_max: std::num::NonZeroU32,

    /// From the first byte of a request's headers to their last, and for a TLS handshake
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) header_timeout: Duration,

    /// Between two pieces of a body, read or written
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) stall_timeout: Duration,

    /// From the last answer to the next request of a connection
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = humantime::parse_duration)]
    pub(crate) idle_timeout: Duration,

    /// Folders of models in Triton's layout, NAME/VERSION/model.onnx
    #[arg(long, value_name = "FOLDER")]
    pub(crate) repository: Vec<PathBuf>,

    /// When a repository's models are loaded: none at the start only, explicit when asked for, poll whenever files
    /// change
    #[arg(long, value_name = "MODE", default_value = "none", hide_possible_values = true)]
    pub(crate) model_control: ModelControl,

    /// Models of the repository to load at the start, * for all
    #[arg(long, value_name = "NAME")]
    pub(crate) load_model: Vec<String>,

    /// How often a repository is looked through for changes
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = humantime::parse_duration)]
    pub(crate) poll_interval: Duration,

    /// How log lines look: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub(crate) log_format: LogFormat,

    /// What is logged: off, error, warn, info, debug or trace; for parts of the program too, as in info,hyper=debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: String,

    /// Where traces are sent by OTLP's gRPC, such as http://127.0.0.1:4317
    #[arg(long, value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,

    /// The share of requests that are traced, 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "1", value_parser = share)]
    pub(crate) trace_rate: f64,
}

/// Reads a share.
///
/// # Errors
/// A text that says what was expected.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// When a repository's models are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelControl {
    /// All at the start.
    None,
    /// When a client asks for it.
    Explicit,
    /// Whenever files change.
    Poll,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use phalanx_server::{Limits, ServerOptions, Timeouts};

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        server: ServerArgs,
    }

    fn parse(flags: &[&str]) -> ServerArgs {
        Only::parse_from([&["serve"], flags].concat()).server
    }

    #[test]
    fn the_server_agrees_on_what_is_usual() {
        let args = parse(&[]);
        let options = ServerOptions::default();
        assert_eq!((args.http.0, args.grpc.0), (options.http, options.grpc));
        let limits = Limits {
            connections_max: args.connections_max.get(),
            request_bytes_max: args.request_bytes_max,
            header_bytes_max: args.header_bytes_max,
            json_depth_max: args.json_depth_max.get(),
            in_flight_bytes_max: args.in_flight_bytes_max,
            streams_max: args.streams_max.get(),
        };
        assert_eq!(limits, options.limits);
        let timeouts =
            Timeouts { header: args.header_timeout, stall: args.stall_timeout, idle: args.idle_timeout };
        assert_eq!(timeouts, options.timeouts);
        assert_eq!(args.allow_shared_memory, options.allow_shared_memory);
    }

    #[test]
    fn a_switch_can_be_switched_back() {
        assert!(parse(&["--allow-shared-memory"]).allow_shared_memory);
        assert!(!parse(&["--allow-shared-memory=false"]).allow_shared_memory);
    }
}
