use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq;

use crate::ServeError;

/// Whether the caller shows one of `keys`, as `authorization: Bearer KEY` or `x-api-key: KEY`; anybody may call where
/// there are none.
pub(crate) fn check(headers: &HeaderMap, keys: &[String]) -> Result<(), ServeError> {
    if keys.is_empty() {
        return Ok(());
    }
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let shown = bearer.or_else(|| headers.get("x-api-key").map(http::HeaderValue::as_bytes));
    let shown = shown.ok_or(ServeError::Unauthorized)?;
    // Every key is compared, whatever the ones before gave: how long it takes tells nothing of them.
    let known = keys.iter().fold(subtle::Choice::from(0), |known, key| known | key.as_bytes().ct_eq(shown));
    if bool::from(known) { Ok(()) } else { Err(ServeError::Unauthorized) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_keys_is_enough_and_none_is_not() {
        let keys = ["first".to_owned(), "second".to_owned()];
        let with = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            headers
        };
        assert!(check(&with("authorization", "Bearer second"), &keys).is_ok());
        assert!(check(&with("x-api-key", "first"), &keys).is_ok());
        for headers in [
            HeaderMap::new(),
            with("authorization", "Bearer secon"),
            with("authorization", "Basic first"),
            with("x-api-key", ""),
        ] {
            assert_eq!(check(&headers, &keys), Err(ServeError::Unauthorized), "{headers:?}");
            assert_eq!(check(&headers, &[]), Ok(()));
        }
    }
}
