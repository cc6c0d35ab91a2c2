use std::str::FromStr;

/// Reads `NAME=VALUE`.
///
/// # Errors
/// A text that says what was expected.
pub(super) fn parse<T>(text: &str) -> Result<(String, T), String>
where
    T: FromStr<Err: ToString>,
{
    // Names in a model may hold any character; values hold no '='.
    let (name, value) = text.rsplit_once('=').ok_or("expected NAME=VALUE")?;
    if name.is_empty() {
        return Err("expected a name before '='".to_owned());
    }
    Ok((name.to_owned(), value.parse().map_err(|error: T::Err| error.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_last_sign() {
        assert_eq!(parse("seq=32"), Ok(("seq".to_owned(), 32_usize)));
        assert_eq!(parse("a=b=3"), Ok(("a=b".to_owned(), 3_usize)));
        for wrong in ["", "x", "=1", "x=", "x=y"] {
            assert!(parse::<usize>(wrong).is_err(), "{wrong}");
        }
    }
}
