use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use super::RemoteError;

/// Where a server is, and what it speaks: `http://HOST[:PORT][/PATH]`, `https://…`, `grpc://…` or `grpcs://…`.
///
/// Without a scheme it is HTTP. Ports are Triton's where none is given: 8000 for HTTP, 8001 for gRPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What is spoken.
    pub wire: Wire,
    /// Whether over TLS.
    pub tls: bool,
    /// Its name or address; an IPv6 address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What goes before the protocol's own paths: empty, or begins with a slash and does not end with one.
    pub prefix: String,
}

/// What carries the protocol's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/1.1.
    Http,
    /// gRPC over HTTP/2.
    Grpc,
}

impl FromStr for Target {
    type Err = RemoteError;

    fn from_str(text: &str) -> Result<Self, RemoteError> {
        let refuse = |expected| RemoteError::Url { url: text.to_owned(), expected };
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (wire, tls) = match scheme {
            "http" => (Wire::Http, false),
            "https" => (Wire::Http, true),
            "grpc" => (Wire::Grpc, false),
            "grpcs" => (Wire::Grpc, true),
            _ => return Err(refuse("http://, https://, grpc:// or grpcs:// before the server's name")),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split_port(authority).ok_or_else(|| refuse("a server as HOST or HOST:PORT"))?;
        let port = match (port, wire, tls) {
            (Some(port), ..) => port.parse().map_err(|_| refuse("a port from 0 to 65535"))?,
            (None, Wire::Http, true) => 443,
            (None, Wire::Http, false) => 8000,
            (None, Wire::Grpc, _) => 8001,
        };
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
        if host.is_empty() || !plain(host) || !plain(path) || path.contains(['?', '#']) {
            return Err(refuse("a server as HOST or HOST:PORT"));
        }
        let prefix = path.trim_end_matches('/').to_owned();
        Ok(Self { wire, tls, host: host.to_owned(), port, prefix })
    }
}

/// Splits `host:port`, `[address]:port` and the same without a port.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return if rest.is_empty() {
            Some((host, None))
        } else {
            Some((host, Some(rest.strip_prefix(':')?)))
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

impl Target {
    /// The server's name and port, as a `Host` header has them.
    #[must_use]
    pub fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Looks its addresses up; there is at least one.
    pub(crate) fn resolve(&self) -> Result<Vec<SocketAddr>, RemoteError> {
        let refuse = |message: String| RemoteError::Unreachable { address: self.authority(), message };
        let found = (&*self.host, self.port).to_socket_addrs().map_err(|error| refuse(error.to_string()))?;
        let found: Vec<SocketAddr> = found.collect();
        if found.is_empty() { Err(refuse("its name has no address".to_owned())) } else { Ok(found) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.wire, self.tls) {
            (Wire::Http, false) => "http",
            (Wire::Http, true) => "https",
            (Wire::Grpc, false) => "grpc",
            (Wire::Grpc, true) => "grpcs",
        };
        write!(f, "{scheme}://{}{}", self.authority(), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_left_out_is_usual() {
        for (text, whole) in [
            ("localhost", "http://localhost:8000"),
            ("127.0.0.1:9000/", "http://127.0.0.1:9000"),
            ("grpc://[::1]", "grpc://[::1]:8001"),
            ("https://models.example/a/b/", "https://models.example:443/a/b"),
            ("grpcs://x:1", "grpcs://x:1"),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.to_string(), whole);
            assert_eq!(whole.parse::<Target>().unwrap(), target);
        }
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for wrong in [
            "",
            "http://",
            "ftp://x",
            "x:port",
            "x:70000",
            "a:b:c",
            "[::1",
            "[::1]8000",
            "me@x",
            "x y",
            "x/?a=b",
            "x\r\nGET",
        ] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            if let Ok(target) = text.parse::<Target>() {
                prop_assert_eq!(target.to_string().parse::<Target>().unwrap(), target);
            }
        }
    }
}
