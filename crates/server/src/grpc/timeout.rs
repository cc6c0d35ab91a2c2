use std::time::Duration;

use http::{HeaderMap, HeaderName};

use crate::ServeError;

const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// How long the caller waits: at most eight digits and a unit
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
pub(super) fn of(headers: &HeaderMap) -> Result<Option<Duration>, ServeError> {
    let Some(value) = headers.get(TIMEOUT) else { return Ok(None) };
    parse(value.as_bytes()).map(Some).ok_or_else(|| {
        let got = String::from_utf8_lossy(value.as_bytes());
        ServeError::invalid(TIMEOUT.as_str(), "up to 8 digits and one of H, M, S, m, u, n", got)
    })
}

fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_known_and_nothing_else() {
        assert_eq!(parse(b"2H"), Some(Duration::from_secs(7200)));
        assert_eq!(parse(b"3M"), Some(Duration::from_secs(180)));
        assert_eq!(parse(b"99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(parse(b"250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse(b"250u"), Some(Duration::from_micros(250)));
        assert_eq!(parse(b"7n"), Some(Duration::from_nanos(7)));
        for text in ["", "m", "1", "1s", "-1m", "1.5S", "123456789m"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
