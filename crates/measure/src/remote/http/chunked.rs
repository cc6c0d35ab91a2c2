use crate::remote::outcome::Failure;

/// Hexadecimal digits and extensions that the line before a chunk may have.
const LINE_BYTES_MAX: usize = 1 << 10;

/// Joins the chunks that `bytes` begin with (RFC 9112, section 7.1).
///
/// Gives the body and how many bytes it took up; `None` while the last chunk is not complete.
pub(super) fn join(bytes: &[u8], body_bytes_max: usize) -> Result<Option<(Vec<u8>, usize)>, Failure> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some((line, after)) = line(bytes, at)? else { return Ok(None) };
        let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let size = size.ok_or_else(|| Failure::malformed("a chunk's size is no number"))?;
        if size == 0 {
            return Ok(trailers_end(bytes, after)?.map(|end| (body, end)));
        }
        if size > body_bytes_max - body.len() {
            return Err(Failure::malformed(format_args!("its body exceeds {body_bytes_max} bytes")));
        }
        let Some(chunk) = bytes.get(after..after + size + 2) else { return Ok(None) };
        let (data, end) = chunk.split_at(size);
        if end != b"\r\n" {
            return Err(Failure::malformed("a chunk does not end where it should"));
        }
        body.extend_from_slice(data);
        at = after + size + 2;
    }
}

/// Where the empty line after the last chunk and its trailers ends.
fn trailers_end(bytes: &[u8], mut at: usize) -> Result<Option<usize>, Failure> {
    let begin = at;
    while let Some((line, after)) = line(bytes, at)? {
        if line.is_empty() {
            return Ok(Some(after));
        }
        at = after;
        if at - begin > super::head::HEAD_BYTES_MAX {
            return Err(Failure::malformed("its trailers are too long"));
        }
    }
    Ok(None)
}

/// The line that begins at `at`, and where the next one does.
fn line(bytes: &[u8], at: usize) -> Result<Option<(&[u8], usize)>, Failure> {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) => Ok(Some((&rest[..end], at + end + 2))),
        None if rest.len() > LINE_BYTES_MAX => Err(Failure::malformed("a chunk's size takes up too much")),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX: usize = 1000;

    #[test]
    fn chunks_are_joined() {
        let text = b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\nnext";
        assert_eq!(join(text, MAX).unwrap(), Some((b"abcde".to_vec(), text.len() - 4)));
        for end in 0..text.len() - 4 {
            assert_eq!(join(&text[..end], MAX).unwrap(), None, "{end}");
        }
    }

    #[test]
    fn sizes_that_lie_are_errors() {
        for wrong in ["x\r\n", "2\r\nabc\r\n", "ffffffffffffffff\r\n", "3e9\r\n", "-1\r\n"] {
            assert!(join(wrong.as_bytes(), MAX).is_err(), "{wrong:?}");
        }
        assert!(join(&[b'1'; 2000], MAX).is_err());
    }

    proptest! {
        #[test]
        fn what_was_split_is_joined(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..10),
        ) {
            let mut bytes: Vec<u8> = Vec::new();
            for part in &parts {
                bytes.extend(format!("{:X}\r\n", part.len()).bytes().chain(part.iter().copied()));
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
            prop_assert_eq!(join(&bytes, MAX).unwrap(), Some((parts.concat(), bytes.len())));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = join(&bytes, MAX);
        }
    }
}
