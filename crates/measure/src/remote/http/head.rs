use std::time::Duration;

use crate::remote::outcome::Failure;

/// Bytes and headers that the head of an answer may have.
pub(super) const HEAD_BYTES_MAX: usize = 32 << 10;
const HEADERS_MAX: usize = 64;

/// What the head of an HTTP answer says, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Bytes of the head itself.
    pub(super) bytes: usize,
    pub(super) body: BodyLength,
    /// Bytes of JSON before the tensors' bytes, where there are any.
    pub(super) json_bytes: Option<usize>,
    pub(super) retry_after: Option<Duration>,
    /// Whether the connection ends with this answer.
    pub(super) last: bool,
}

/// How long the body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    Known(usize),
    Chunked,
}

impl Head {
    /// Reads the head that `bytes` begin with; `None` while it is not complete.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, Failure> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        let parsed =
            response.parse(bytes).map_err(|error| Failure::malformed(format_args!("HTTP: {error}")))?;
        let httparse::Status::Complete(head_bytes) = parsed else {
            return match bytes.len() {
                0..HEAD_BYTES_MAX => Ok(None),
                _ => Err(Failure::malformed(format_args!("its head exceeds {HEAD_BYTES_MAX} bytes"))),
            };
        };
        let mut head = Self {
            status: response.code.unwrap_or(0),
            bytes: head_bytes,
            body: BodyLength::Known(0),
            json_bytes: None,
            retry_after: None,
            // HTTP/1.0 closes unless it says otherwise.
            last: response.version == Some(0),
        };
        response.headers.iter().try_for_each(|header| head.take(header.name, header.value))?;
        Ok(Some(head))
    }

    fn take(&mut self, name: &str, value: &[u8]) -> Result<(), Failure> {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        let holds = |wanted: &[u8]| value.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted));
        // Most headers are none of these, and cost one comparison.
        match name.len() {
            14 if is("content-length") => self.body = BodyLength::Known(number(name, value)?),
            17 if is("transfer-encoding") && holds(b"chunked") => self.body = BodyLength::Chunked,
            31 if is("inference-header-content-length") => self.json_bytes = Some(number(name, value)?),
            // It may also be a date, which nobody sends who refuses for a moment.
            11 if is("retry-after") => {
                let seconds = number(name, value).ok().map(|seconds| Duration::from_secs(seconds as u64));
                self.retry_after = self.retry_after.or(seconds);
            }
            14 if is("retry-after-ms") => {
                let ms = number(name, value).ok().map(|ms| Duration::from_millis(ms as u64));
                self.retry_after = ms.or(self.retry_after);
            }
            10 if is("connection") => self.last = holds(b"close") || (self.last && !holds(b"keep-alive")),
            _ => {}
        }
        Ok(())
    }
}

fn number(name: &str, value: &[u8]) -> Result<usize, Failure> {
    let text = std::str::from_utf8(value).unwrap_or_default().trim();
    text.parse()
        .map_err(|_| Failure::malformed(format_args!("header {name}: expected a number, got {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_matters_is_found_in_any_case() {
        let text = b"HTTP/1.1 429 Too Many Requests\r\nCONTENT-LENGTH: 7\r\nRetry-After: 2\r\n\
            inference-header-content-length: 5\r\nx: y\r\nConnection: Close\r\n\r\nrest";
        let head = Head::parse(text).unwrap().unwrap();
        let expected = Head {
            status: 429,
            bytes: text.len() - 4,
            body: BodyLength::Known(7),
            json_bytes: Some(5),
            retry_after: Some(Duration::from_secs(2)),
            last: true,
        };
        assert_eq!(head, expected);
        for end in 0..head.bytes {
            assert_eq!(Head::parse(&text[..end]).unwrap(), None, "{end}");
        }
    }

    #[test]
    fn the_more_precise_time_to_come_again_counts() {
        for headers in ["Retry-After: 2\r\nRetry-After-Ms: 1200", "retry-after-ms: 1200\r\nRetry-After: 2"] {
            let text = format!("HTTP/1.1 429 Too Many Requests\r\n{headers}\r\n\r\n");
            let head = Head::parse(text.as_bytes()).unwrap().unwrap();
            assert_eq!(head.retry_after, Some(Duration::from_millis(1200)));
        }
    }

    #[test]
    fn keeping_alive_is_as_the_version_says() {
        let last = |text: &str| Head::parse(text.as_bytes()).unwrap().unwrap().last;
        assert!(!last("HTTP/1.1 200 OK\r\n\r\n"));
        assert!(last("HTTP/1.0 200 OK\r\n\r\n"));
        assert!(!last("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let long = vec![b'x'; HEAD_BYTES_MAX];
        let endless = [b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &long].concat();
        for wrong in [b"SSH-2.0".as_slice(), b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", &endless] {
            assert!(Head::parse(wrong).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Head::parse(&[b"HTTP/1.1 200 OK\r\n".as_slice(), &bytes].concat());
        }
    }
}
