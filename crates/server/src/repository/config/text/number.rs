use super::super::node::{Value, clip};
use super::super::{ConfigError, Place};

/// Reads a number: decimal, octal after `0`, hexadecimal after `0x`, or one with a point or an exponent.
pub(super) fn read(text: &str, negative: bool, place: Place) -> Result<Value, ConfigError> {
    let sign = if negative { "-" } else { "" };
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if lower.len() > 1
            && lower.bytes().all(|byte| byte.is_ascii_digit())
            && lower.starts_with('0') =>
        {
            (&lower[1..], 8)
        }
        None => (&lower[..], 10),
    };
    // Protobuf's widest integers have 64 bits.
    if let Ok(magnitude) = u64::from_str_radix(digits, radix) {
        let magnitude = i128::from(magnitude);
        return Ok(Value::Integer(if negative { -magnitude } else { magnitude }));
    }
    let float = lower.strip_suffix('f').unwrap_or(&lower);
    match float.parse::<f64>() {
        Ok(_) if radix == 10 => Ok(Value::Number(format!("{sign}{text}"))),
        _ => Err(ConfigError::Syntax { place, expected: "a number", got: format!("{sign}{}", clip(text)) }),
    }
}
