use std::borrow::Cow;

use super::{Cursor, Fault};

impl<'a> Cursor<'a> {
    /// Reads a string: borrowed from the text where nothing in it is escaped.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        if !self.take(b'"') {
            return Err(self.fault("a string"));
        }
        let start = self.at;
        self.at += plain(&self.text[start..]);
        match self.text.get(self.at) {
            Some(b'"') => {
                let text = self.utf8(start)?;
                self.at += 1;
                Ok(Cow::Borrowed(text))
            }
            _ => self.escaped(start).map(Cow::Owned),
        }
    }

    /// The string that began at `start`, from its first escape (or fault) on.
    #[cold]
    fn escaped(&mut self, start: usize) -> Result<String, Fault> {
        let mut out = self.utf8(start)?.to_owned();
        loop {
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return Err(self.fault("no control character in a string")),
                None => return Err(self.fault("the end of a string")),
            }
            let start = self.at;
            self.at += plain(&self.text[start..]);
            out.push_str(self.utf8(start)?);
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<char, Fault> {
        let escaped = match self.text.get(self.at) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.fault("an escape")),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// What follows `\u`: one UTF-16 unit, or two of them.
    fn unicode(&mut self) -> Result<char, Fault> {
        let unpaired = "a pair of surrogates";
        let first = self.hex()?;
        if !(0xD800..0xE000).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.fault(unpaired));
        }
        if first >= 0xDC00 || !self.text[self.at..].starts_with(b"\\u") {
            return Err(self.fault(unpaired));
        }
        self.at += 2;
        let second = self.hex()?;
        if !(0xDC00..0xE000).contains(&second) {
            return Err(self.fault(unpaired));
        }
        let point = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        char::from_u32(point).ok_or_else(|| self.fault(unpaired))
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let digits = self.text[self.at..].first_chunk::<4>().ok_or_else(|| self.fault("four hex digits"))?;
        let mut unit = 0;
        for &digit in digits {
            let value = char::from(digit).to_digit(16).ok_or_else(|| self.fault("four hex digits"))?;
            unit = unit << 4 | value;
        }
        self.at += 4;
        Ok(unit)
    }

    fn utf8(&self, start: usize) -> Result<&'a str, Fault> {
        std::str::from_utf8(&self.text[start..self.at]).map_err(|error| Fault {
            expected: super::fault::Expected::Thing("UTF-8"),
            at: start + error.valid_up_to(),
        })
    }
}

/// Bytes before the first that ends a string, escapes, or must not be in one.
#[inline]
fn plain(text: &[u8]) -> usize {
    text.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20).unwrap_or(text.len())
}
