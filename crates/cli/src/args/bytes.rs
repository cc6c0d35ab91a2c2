/// Reads a number of bytes: `4096`, `512MiB`, `2GB`.
///
/// # Errors
/// A text that says what was expected.
pub(super) fn parse(text: &str) -> Result<usize, String> {
    let expected = || "expected a number of bytes such as 4096, 512MiB or 2GB".to_owned();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: usize = number.parse().map_err(|_| expected())?;
    let scale: usize = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        _ => return Err(expected()),
    };
    number.checked_mul(scale).filter(|&bytes| bytes > 0).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_scale() {
        for (text, bytes) in [("1", 1), ("2KiB", 2048), ("3 MB", 3_000_000), ("1g", 1 << 30)] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "0", "-1", "1.5GB", "GB", "1TiBs", "99999999999999999999", "9999999999999GiB"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
