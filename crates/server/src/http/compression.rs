use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};

use crate::ServeError;

/// What is compressed is taken to be this much longer; what was made to unfold may be a thousand times.
pub(crate) const UNFOLDING: usize = 32;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Deflate,
}

impl Encoding {
    /// The name in headers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// What the body of the request is compressed with.
    pub(crate) fn of_body(headers: &HeaderMap) -> Result<Option<Self>, ServeError> {
        let Some(name) = headers.get(CONTENT_ENCODING) else { return Ok(None) };
        match name.as_bytes() {
            b"gzip" | b"x-gzip" => Ok(Some(Self::Gzip)),
            b"deflate" => Ok(Some(Self::Deflate)),
            b"identity" | b"" => Ok(None),
            other => {
                let got = String::from_utf8_lossy(other);
                Err(ServeError::invalid("content-encoding", "gzip, deflate or identity", got))
            }
        }
    }

    /// What the caller would like the answer compressed with: the first that it names, of those there are.
    pub(crate) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let accepted = headers.get(ACCEPT_ENCODING)?.to_str().ok()?;
        accepted.split(',').find_map(|choice| {
            let (name, quality) = choice.split_once(";q=").unwrap_or((choice, "1"));
            let refused = quality.trim().parse().is_ok_and(|quality: f32| quality <= 0.0);
            match name.trim() {
                _ if refused => None,
                "gzip" => Some(Self::Gzip),
                "deflate" => Some(Self::Deflate),
                _ => None,
            }
        })
    }

    /// What `bytes` were before they were compressed, if that is at most `bytes_max`.
    pub(crate) fn decompress(self, bytes: &[u8], bytes_max: usize) -> Result<Bytes, ServeError> {
        let mut plain = Vec::with_capacity(bytes.len().saturating_mul(2).min(bytes_max));
        let limit = bytes_max as u64 + 1;
        let read = match self {
            Self::Gzip => GzDecoder::new(bytes).take(limit).read_to_end(&mut plain),
            Self::Deflate => ZlibDecoder::new(bytes).take(limit).read_to_end(&mut plain),
        };
        read.map_err(|error| ServeError::invalid("the body", format!("{} data", self.name()), error))?;
        if plain.len() > bytes_max {
            return Err(ServeError::TooLarge { what: "the decompressed body", max: bytes_max });
        }
        Ok(plain.into())
    }

    /// `bytes`, compressed.
    pub(crate) fn compress(self, bytes: &[u8]) -> std::io::Result<Bytes> {
        let (compressed, level) = (Vec::with_capacity(bytes.len() / 2), Compression::fast());
        let compressed = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(compressed, level);
                encoder.write_all(bytes)?;
                encoder.finish()?
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(compressed, level);
                encoder.write_all(bytes)?;
                encoder.finish()?
            }
        };
        Ok(compressed.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_and_back() {
        let plain = vec![7_u8; 1000];
        for encoding in [Encoding::Gzip, Encoding::Deflate] {
            let small = encoding.compress(&plain).unwrap();
            assert!(small.len() < 100);
            assert_eq!(encoding.decompress(&small, 1000).unwrap(), plain);
            assert!(matches!(encoding.decompress(&small, 999), Err(ServeError::TooLarge { .. })));
            assert!(matches!(encoding.decompress(b"no such thing", 99), Err(ServeError::Invalid { .. })));
        }
    }

    #[test]
    fn the_first_known_encoding_is_taken() {
        let wanted = |accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, accepted.parse().unwrap());
            Encoding::wanted(&headers)
        };
        assert_eq!(wanted("br, deflate, gzip"), Some(Encoding::Deflate));
        assert_eq!(wanted("gzip;q=0, deflate;q=0.5"), Some(Encoding::Deflate));
        assert_eq!(wanted("identity"), None);
    }
}
