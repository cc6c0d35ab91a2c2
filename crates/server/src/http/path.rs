use compact_str::CompactString;

/// The model and the version of the path of an inference, `/v2/models/M[/versions/V]/infer`; the version is empty
/// where it is left out.
pub(super) fn inference(path: &str) -> Option<(CompactString, CompactString)> {
    let rest = path.strip_prefix("/v2/models/")?.strip_suffix("/infer")?;
    let (model, version) = match rest.split_once('/') {
        None => (rest, ""),
        Some((model, version)) => {
            (model, version.strip_prefix("versions/").filter(|version| !version.is_empty())?)
        }
    };
    let is_inference = !model.is_empty() && !version.contains('/');
    is_inference.then(|| (decoded(model), decoded(version)))
}

/// A part of a path with the bytes that stand behind `%` (RFC 3986, 2.1); as it is where that is not text.
fn decoded(part: &str) -> CompactString {
    let plain = if part.contains('%') { unescaped(part.as_bytes()) } else { None };
    plain.unwrap_or_else(|| part.into())
}

fn unescaped(mut rest: &[u8]) -> Option<CompactString> {
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(2)?;
        bytes.push(hex(digits[0])? << 4 | hex(digits[1])?);
        rest = behind;
    }
    CompactString::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inferences_are_recognised() {
        let is = |model: &str, version: &str| Some((model.into(), version.into()));
        assert_eq!(inference("/v2/models/m/infer"), is("m", ""));
        assert_eq!(inference("/v2/models/m/versions/3/infer"), is("m", "3"));
        for other in [
            "/v2/models/m",
            "/v2/models//infer",
            "/v2/models/m/ready",
            "/v2/models/m/versions//infer",
            "/v2/models/m/versions/1/2/infer",
            "/v2/models/a/b/infer",
            "/v2/models/infer",
        ] {
            assert_eq!(inference(other), None, "{other}");
        }
    }

    #[test]
    fn names_may_be_escaped() {
        assert_eq!(inference("/v2/models/a%20b%2fc%C3%A9/infer"), Some(("a b/cé".into(), "".into())));
        for malformed in ["%", "%4", "%4g", "%zz", "a%", "%FF"] {
            let (model, _) = inference(&format!("/v2/models/{malformed}/infer")).unwrap();
            assert_eq!(model, malformed);
        }
    }
}
