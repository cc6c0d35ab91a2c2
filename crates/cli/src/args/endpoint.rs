use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// Where a protocol is answered, if anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(pub(crate) Option<SocketAddr>);

impl FromStr for Endpoint {
    type Err = String;

    /// Reads `127.0.0.1:8000`, `[::1]:8000` or `none`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        match text.parse() {
            Ok(address) => Ok(Self(Some(address))),
            Err(_) => Err("expected ADDRESS:PORT such as 127.0.0.1:8000, or none".to_owned()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_or_none() {
        for text in ["127.0.0.1:8000", "[::1]:0", "none"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        for wrong in ["", "8000", "localhost:8000", "127.0.0.1", "127.0.0.1:65536", "None"] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong}");
        }
    }
}
