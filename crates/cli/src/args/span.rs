/// Reads a time such as `50ms`, `1.08ms` or `300us`, as nanoseconds.
///
/// # Errors
/// A text that says what was expected.
pub(crate) fn parse_ns(text: &str) -> Result<f64, String> {
    let error = || format!("expected a time such as 300us, 1.08ms or 2s, got {text:?}");
    let unit = text.find(|c: char| c.is_ascii_alphabetic() || c == 'µ').ok_or_else(error)?;
    let (count, unit) = text.split_at(unit);
    let unit_ns = match unit {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return Err(error()),
    };
    let count: f64 = count.parse().map_err(|_| error())?;
    if (0.0..=1e9).contains(&count) { Ok(count * unit_ns) } else { Err(error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_have_fractions() {
        assert_eq!(parse_ns("1.08ms"), Ok(1_080_000.0));
        assert_eq!(parse_ns("2s"), Ok(2e9));
        assert_eq!(parse_ns("0.5µs"), Ok(500.0));
        for wrong in ["", "5", "ms", "-1ms", "nanms", "1 h", "1e99s"] {
            assert!(parse_ns(wrong).is_err(), "{wrong}");
        }
    }
}
