use super::super::{ConfigError, Place};

/// Reads what comes after an opening `quote`: the text, and the bytes up to the end of the closing quote.
pub(super) fn read(rest: &str, quote: char, place: Place) -> Result<(String, usize), ConfigError> {
    let fail = |expected, got: &str| ConfigError::Syntax { place, expected, got: got.to_owned() };
    let mut bytes = Vec::new();
    let mut at = 0;
    loop {
        let Some(char) = rest[at..].chars().next() else {
            return Err(fail("a closing quote", "the end of the file"));
        };
        at += char.len_utf8();
        match char {
            '\n' => return Err(fail("a closing quote", "the end of the line")),
            '\\' => {
                let (decoded, length) =
                    escape(&rest[at..]).ok_or_else(|| fail("an escape such as \\n or \\x41", "another"))?;
                bytes.extend(decoded);
                at += length;
            }
            _ if char == quote => {
                let text = String::from_utf8(bytes).map_err(|_| fail("text in UTF-8", "other bytes"))?;
                return Ok((text, at));
            }
            _ => bytes.extend(char.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}

/// What comes after a backslash: the bytes it stands for, and how many bytes of `rest` it takes.
fn escape(rest: &str) -> Option<(Vec<u8>, usize)> {
    let first = rest.chars().next()?;
    let simple = match first {
        'n' => b'\n',
        't' => b'\t',
        'r' => b'\r',
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'v' => 11,
        '\\' | '\'' | '"' | '?' => first as u8,
        'x' | 'X' => {
            let (value, length) = digits(&rest[1..], 16, 2)?;
            return Some((vec![u8::try_from(value).ok()?], 1 + length));
        }
        'u' | 'U' => {
            let wanted = if first == 'u' { 4 } else { 8 };
            let (value, length) = digits(&rest[1..], 16, wanted)?;
            let char = char::from_u32(value).filter(|_| length == wanted)?;
            return Some((char.encode_utf8(&mut [0; 4]).bytes().collect(), 1 + length));
        }
        _ => {
            let (value, length) = digits(rest, 8, 3)?;
            return Some((vec![u8::try_from(value).ok()?], length));
        }
    };
    Some((vec![simple], 1))
}

/// The number that up to `length_max` digits make, and how many there are; none where there is no digit.
fn digits(rest: &str, radix: u32, length_max: usize) -> Option<(u32, usize)> {
    let length = rest.chars().take(length_max).take_while(|char| char.is_digit(radix)).count();
    Some((u32::from_str_radix(&rest[..length], radix).ok()?, length))
}
