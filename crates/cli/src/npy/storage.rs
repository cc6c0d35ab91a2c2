use phalanx_tensor::DType;

use super::NpyError;

/// How the elements of an array lie in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Storage {
    /// What they are.
    pub(super) dtype: DType,
    /// Bytes of one in the file.
    pub(super) width: usize,
    /// Whether the file has the other byte order.
    pub(super) swap: bool,
    /// How text is written, where it is text.
    pub(super) text: Text,
}

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// It is no text.
    None,
    /// Code points of 32 bits, padded with zeros (`U`).
    Utf32,
    /// Bytes, padded with zeros (`S`); taken for UTF-8.
    Bytes,
}

/// Bytes of a `U` code point.
const CODE_POINT: usize = 4;

impl Storage {
    /// Reads a type string such as `<f4`.
    pub(super) fn parse(descr: &str) -> Result<Self, NpyError> {
        let unsupported = || NpyError::DType { descr: format!("{descr:?}") };
        let mut chars = descr.chars();
        let (order, kind) = (chars.next().ok_or_else(unsupported)?, chars.next().ok_or_else(unsupported)?);
        let size: usize = chars.as_str().parse().map_err(|_| unsupported())?;
        let foreign = match order {
            '<' => cfg!(target_endian = "big"),
            '>' => cfg!(target_endian = "little"),
            '|' | '=' => false,
            _ => return Err(unsupported()),
        };
        let text = match kind {
            'U' => Text::Utf32,
            'S' => Text::Bytes,
            _ => Text::None,
        };
        let dtype = match (kind, size) {
            ('f', 2) => DType::F16,
            ('f', 4) => DType::F32,
            ('f', 8) => DType::F64,
            ('b', 1) => DType::Bool,
            ('i', 1) => DType::I8,
            ('i', 2) => DType::I16,
            ('i', 4) => DType::I32,
            ('i', 8) => DType::I64,
            ('u', 1) => DType::U8,
            ('u', 2) => DType::U16,
            ('u', 4) => DType::U32,
            ('u', 8) => DType::U64,
            // NumPy has no bfloat16: the package ml_dtypes stores it as two opaque bytes.
            ('V', 2) => DType::BF16,
            ('U' | 'S', _) => DType::String,
            _ => return Err(unsupported()),
        };
        let width =
            if text == Text::Utf32 { size.checked_mul(CODE_POINT).ok_or_else(unsupported)? } else { size };
        Ok(Self { dtype, width, swap: foreign && width > 1 && text != Text::Bytes, text })
    }

    /// The type string of elements of `dtype` in native byte order; strings are `chars_max` code points wide.
    pub(super) fn descr(dtype: DType, chars_max: usize) -> Result<String, NpyError> {
        let (kind, size) = match dtype {
            DType::F16 | DType::F32 | DType::F64 => ('f', dtype.size_bytes()),
            DType::BF16 => ('V', dtype.size_bytes()),
            DType::Bool => ('b', dtype.size_bytes()),
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => ('i', dtype.size_bytes()),
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => ('u', dtype.size_bytes()),
            DType::String => ('U', Some(chars_max)),
            _ => return Err(NpyError::DType { descr: dtype.to_string() }),
        };
        let size = size.unwrap_or(0);
        let order = match (size, kind) {
            (1, 'b' | 'i' | 'u') => '|',
            _ if cfg!(target_endian = "big") => '>',
            _ => '<',
        };
        Ok(format!("{order}{kind}{size}"))
    }

    /// Puts the elements of `bytes` into native byte order.
    pub(super) fn to_native(self, bytes: &mut [u8]) {
        if self.swap {
            let unit = if self.text == Text::Utf32 { CODE_POINT } else { self.width };
            bytes.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
        }
    }

    /// Decodes elements of text, in native byte order; the first is element `first` of its array.
    pub(super) fn decode(self, bytes: &[u8], count: usize, first: u64) -> Result<Vec<String>, NpyError> {
        if self.width == 0 {
            return Ok(vec![String::new(); count]);
        }
        let decode = |(index, element): (usize, &[u8])| {
            self.decode_one(element).ok_or(NpyError::Text { index: first + index as u64 })
        };
        bytes.chunks_exact(self.width).enumerate().map(decode).collect()
    }

    fn decode_one(self, element: &[u8]) -> Option<String> {
        if self.text == Text::Bytes {
            let length = element.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            return String::from_utf8(element[..length].to_vec()).ok();
        }
        let units = element.chunks_exact(CODE_POINT);
        let points = units.map(|unit| u32::from_ne_bytes([unit[0], unit[1], unit[2], unit[3]]));
        let text: String = points.map(char::from_u32).collect::<Option<_>>()?;
        Some(text.trim_end_matches('\0').to_owned())
    }
}

/// Writes `text` as `chars_max` code points in native byte order, padded with zeros.
pub(super) fn encode(text: &str, chars_max: usize, target: &mut Vec<u8>) {
    let points = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(chars_max);
    points.for_each(|point| target.extend_from_slice(&point.to_ne_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_strings_round_trip() {
        for dtype in DType::ALL {
            let storage = Storage::parse(&Storage::descr(dtype, 3).unwrap()).unwrap();
            assert_eq!((storage.dtype, storage.swap), (dtype, false), "{dtype}");
            assert_eq!(storage.width, dtype.size_bytes().unwrap_or(12), "{dtype}");
        }
    }

    #[test]
    fn foreign_byte_order_is_turned_round() {
        let order = if cfg!(target_endian = "little") { '>' } else { '<' };
        let storage = Storage::parse(&format!("{order}i2")).unwrap();
        let mut bytes = [1, 2, 3, 4];
        storage.to_native(&mut bytes);
        assert_eq!(bytes, [2, 1, 4, 3]);
        assert!(!Storage::parse(&format!("{order}u1")).unwrap().swap);
    }

    #[test]
    fn text_is_trimmed_and_checked() {
        let storage = Storage::parse(&Storage::descr(DType::String, 4).unwrap()).unwrap();
        let mut bytes = Vec::new();
        encode("aé", 4, &mut bytes);
        encode("", 4, &mut bytes);
        assert_eq!(storage.decode(&bytes, 2, 0).unwrap(), ["aé", ""]);
        bytes[16..20].copy_from_slice(&0xD800_u32.to_ne_bytes());
        assert!(matches!(storage.decode(&bytes, 2, 10), Err(NpyError::Text { index: 11 })));
        let narrow = Storage::parse("|S3").unwrap();
        assert_eq!(narrow.decode(b"ab\0\0\0\0", 2, 0).unwrap(), ["ab", ""]);
        assert!(narrow.decode(b"\xff\0\0", 1, 0).is_err());
    }

    #[test]
    fn what_no_tensor_holds_is_refused() {
        for descr in ["", "<", "<f", "<f16", "<c8", "<M8[ns]", "|O", "<V4", "~f4", "ééé"] {
            assert!(matches!(Storage::parse(descr), Err(NpyError::DType { .. })), "{descr}");
        }
    }
}
