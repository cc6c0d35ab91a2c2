/// What stands where something was that is nobody's business.
const HIDDEN: &str = "(hidden)";

/// Words in the name of a setting whose value is a secret.
const SECRET: [&str; 8] = ["key", "token", "secret", "passw", "credential", "auth", "cookie", "private"];

/// The value of a setting, unless its name says that it is a secret; addresses lose the user and password in them.
pub(super) fn shown(name: &str, value: &str) -> String {
    let name = name.to_lowercase();
    if SECRET.iter().any(|word| name.contains(word)) && !value.is_empty() {
        return HIDDEN.to_owned();
    }
    without_login(value)
}

/// `https://user:password@host` as `https://(hidden)@host`.
fn without_login(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after.find(['/', '?', '#', ' ', '"', ';', ',', '\n']).unwrap_or(after.len());
        let (authority, after) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                shown.push_str(HIDDEN);
                shown.push('@');
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_by_their_names() {
        for name in ["API_KEY", "token", "MyPassword", "db_passwd", "OTEL_EXPORTER_OTLP_AUTHORIZATION"] {
            assert_eq!(shown(name, "abc"), HIDDEN, "{name}");
        }
        assert_eq!(shown("PHALANX_MAX_BATCH", "64"), "64");
        assert_eq!(shown("api_key_file", ""), "");
    }

    #[test]
    fn addresses_lose_their_logins() {
        assert_eq!(shown("otlp_endpoint", "http://u:p@host:4317/x"), "http://(hidden)@host:4317/x");
        assert_eq!(shown("cors_origin", "http://a, https://u@b"), "http://a, https://(hidden)@b");
        assert_eq!(shown("a", "user@host and ://"), "user@host and ://");
    }
}
