use std::time::Duration;

/// A day: nobody measures longer in one go.
const SECONDS_MAX: f64 = 86_400.0;

/// Reads a number of seconds, fractions allowed.
///
/// # Errors
/// A text that says what was expected.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().unwrap_or(f64::NAN);
    if seconds > 0.0 && seconds <= SECONDS_MAX {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("expected a number of seconds above 0".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sensible_lengths() {
        assert_eq!(parse("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["", "0", "-1", "nan", "inf", "1e9", "1s"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
