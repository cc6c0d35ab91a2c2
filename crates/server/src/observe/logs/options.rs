use std::fmt;
use std::str::FromStr;

use super::LogError;

/// How a process logs.
#[derive(Clone, Debug, PartialEq)]
pub struct LogOptions {
    /// How messages look.
    pub format: LogFormat,
    /// What is logged: `off`, `error`, `warn`, `info`, `debug` or `trace`, and such for single parts of the program
    /// (`info,phalanx_server=debug`).
    pub level: String,
    /// Where traces are sent over OTLP's gRPC, such as `http://localhost:4317`; nowhere without it.
    pub otlp_endpoint: Option<String>,
    /// The share of requests that are traced, 0 to 1. A request whose `traceparent` says whether it is sampled is
    /// traced or not as that says.
    pub trace_rate: f64,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned(), otlp_endpoint: None, trace_rate: 1.0 }
    }
}

/// How messages look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = LogError;

    fn from_str(format: &str) -> Result<Self, LogError> {
        match format {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(LogError::Format { format: format.to_owned() }),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_read_as_it_is_written() {
        for format in [LogFormat::Text, LogFormat::Json] {
            assert_eq!(format.to_string().parse::<LogFormat>().unwrap(), format);
        }
        assert!(matches!("xml".parse::<LogFormat>(), Err(LogError::Format { format }) if format == "xml"));
    }
}
