//! JSON, written.

use smallvec::SmallVec;

use crate::{Parameter, Parameters};

/// Where JSON is written to: a header that stays on the stack, or a body that grows.
pub(super) trait Text {
    /// Appends bytes.
    fn put(&mut self, bytes: &[u8]);

    /// How much was written.
    fn written(&self) -> usize;

    /// Cuts what was written, or appends zeros to it, so that it is so long; gives all of it.
    fn sized(&mut self, len: usize) -> &mut [u8];
}

impl Text for Vec<u8> {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn written(&self) -> usize {
        self.len()
    }

    fn sized(&mut self, len: usize) -> &mut [u8] {
        self.resize(len, 0);
        self
    }
}

impl<const N: usize> Text for SmallVec<[u8; N]> {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn written(&self) -> usize {
        self.len()
    }

    fn sized(&mut self, len: usize) -> &mut [u8] {
        self.resize(len, 0);
        self
    }
}

/// Writes a string.
pub(super) fn string(out: &mut impl Text, text: &str) {
    out.put(b"\"");
    let mut rest = text.as_bytes();
    while let Some(plain) = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.put(&rest[..plain]);
        escape(out, rest[plain]);
        rest = &rest[plain + 1..];
    }
    out.put(rest);
    out.put(b"\"");
}

/// Writes a character that must not stand in a string as it is.
fn escape(out: &mut impl Text, byte: u8) {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    match byte {
        b'"' => out.put(b"\\\""),
        b'\\' => out.put(b"\\\\"),
        b'\n' => out.put(b"\\n"),
        b'\r' => out.put(b"\\r"),
        b'\t' => out.put(b"\\t"),
        _ => out.put(&[b'\\', b'u', b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
    }
}

/// Writes `"name":` with a comma before it where it is not the first.
pub(super) fn member(out: &mut impl Text, first: &mut bool, name: &str) {
    out.put(if *first { b"" } else { b"," });
    *first = false;
    string(out, name);
    out.put(b":");
}

/// Writes `true` or `false`.
#[inline]
pub(super) fn boolean(out: &mut impl Text, value: u8) {
    out.put(if value == 0 { b"false" } else { b"true" });
}

/// Writes a whole number.
#[inline]
pub(super) fn integer(out: &mut impl Text, value: impl itoa::Integer) {
    out.put(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes the shortest number that reads back as the same, or one of the words for those JSON has none for.
#[inline]
pub(super) fn double(out: &mut impl Text, value: f64) {
    if value.is_finite() {
        out.put(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        out.put(word(value).as_bytes());
    }
}

/// The word for a number that JSON has none for.
#[cold]
pub(super) fn word(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Writes parameters as an object.
pub(super) fn parameters(out: &mut impl Text, parameters: &Parameters) {
    out.put(b"{");
    let mut first = true;
    for (name, value) in parameters.iter() {
        member(out, &mut first, name);
        match value {
            Parameter::Bool(value) => boolean(out, u8::from(*value)),
            Parameter::Int(value) => integer(out, *value),
            Parameter::Unsigned(value) => integer(out, *value),
            Parameter::Double(value) => double(out, *value),
            Parameter::String(value) => string(out, value),
        }
    }
    out.put(b"}");
}
