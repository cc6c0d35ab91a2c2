use serde_json::Value;

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

/// Hides the secrets in a document: every text below a key that names one.
pub fn hide(document: &mut Value) {
    hide_below("", document);
}

fn hide_below(name: &str, value: &mut Value) {
    match value {
        Value::String(text) => *text = shown(name, text),
        Value::Array(values) => values.iter_mut().for_each(|value| hide_below(name, value)),
        Value::Object(fields) => {
            for (key, value) in fields {
                // An option's value stands below the option's name.
                hide_below(if key == "value" { name } else { key }, value);
            }
        }
        _ => {}
    }
}

/// A command without the values of options that are called secrets: `--token=x`, `--token x` and `TOKEN=x`.
#[must_use]
pub fn hide_in_command(words: &[String]) -> Vec<String> {
    let mut option = "";
    let mut hidden = Vec::with_capacity(words.len());
    for word in words {
        hidden.push(match word.split_once('=') {
            Some((name, value)) => format!("{name}={}", shown(name, value)),
            None if word.starts_with('-') => word.clone(),
            None => shown(option, word),
        });
        option = if word.starts_with('-') && !word.contains('=') { word } else { "" };
    }
    hidden
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
    fn documents_are_hidden_by_the_names_of_their_keys() {
        let mut document = serde_json::json!({
            "server": { "http": { "value": "0.0.0.0:1" }, "api_key_file": { "value": "/k", "source": "flag" } },
            "tokens": ["a", "b"],
            "rows": 3,
        });
        hide(&mut document);
        let expected = serde_json::json!({
            "server": { "http": { "value": "0.0.0.0:1" }, "api_key_file": { "value": HIDDEN, "source": "flag" } },
            "tokens": [HIDDEN, HIDDEN],
            "rows": 3,
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn commands_lose_the_values_of_secret_options() {
        let words =
            ["env", "API_TOKEN=x", "curl", "--auth", "me", "-v", "--key=k", "http://u:p@h/", "--auth", "-v"];
        let hidden = hide_in_command(&words.map(str::to_owned));
        let expected = [
            "env",
            "API_TOKEN=(hidden)",
            "curl",
            "--auth",
            HIDDEN,
            "-v",
            "--key=(hidden)",
            "http://(hidden)@h/",
            "--auth",
            "-v",
        ];
        assert_eq!(hidden, expected);
    }

    #[test]
    fn addresses_lose_their_logins() {
        assert_eq!(shown("otlp_endpoint", "http://u:p@host:4317/x"), "http://(hidden)@host:4317/x");
        assert_eq!(shown("cors_origin", "http://a, https://u@b"), "http://a, https://(hidden)@b");
        assert_eq!(shown("a", "user@host and ://"), "user@host and ://");
    }
}
