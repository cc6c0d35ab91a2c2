use std::ffi::OsString;
use std::path::Path;

use toml::de::DeValue;

use super::table::{Kind, Opt};

/// The values that `value` holds for `option`, as its flag would be given them; a relative path is one from `folder`.
///
/// # Errors
/// What was expected and what came.
pub(super) fn values(option: &Opt, value: &DeValue<'_>, folder: &Path) -> Result<Vec<OsString>, String> {
    let kind = option.kind();
    let one = |value: &DeValue<'_>| text(kind, value).map(|text| placed(kind, text, folder));
    match (option.is_list(), value) {
        (true, DeValue::Array(values)) => {
            let texts: Option<Vec<OsString>> = values.iter().map(|value| one(value.get_ref())).collect();
            texts.ok_or_else(|| format!("expected an array in which each is {}", expected(kind)))
        }
        (true, other) => Err(format!("expected an array, such as [\"…\"], got {}", named(other))),
        (false, value) => {
            let text =
                one(value).ok_or_else(|| format!("expected {}, got {}", expected(kind), named(value)))?;
            Ok(vec![text])
        }
    }
}

/// A file's name.
///
/// # Errors
/// What was expected and what came.
pub(super) fn path(value: &DeValue<'_>, folder: &Path) -> Result<OsString, String> {
    match text(Kind::Path, value) {
        Some(text) => Ok(placed(Kind::Path, text, folder)),
        None => Err(format!("expected {}, got {}", expected(Kind::Path), named(value))),
    }
}

fn text(kind: Kind, value: &DeValue<'_>) -> Option<String> {
    match (kind, value) {
        (Kind::Switch, DeValue::Boolean(switch)) => Some(switch.to_string()),
        (Kind::Number | Kind::Size, DeValue::Integer(number)) if number.radix() == 10 => {
            Some(number.as_str().to_owned())
        }
        (Kind::Number, DeValue::Float(number)) => Some(number.as_str().to_owned()),
        (Kind::Size | Kind::Text | Kind::Path, DeValue::String(text)) => Some(text.clone().into_owned()),
        _ => None,
    }
}

fn placed(kind: Kind, text: String, folder: &Path) -> OsString {
    match kind {
        Kind::Path => folder.join(text).into_os_string(),
        _ => text.into(),
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Switch => "true or false",
        Kind::Number => "a number",
        Kind::Size => "a number of bytes or a text such as \"512MiB\"",
        Kind::Text | Kind::Path => "a text in quotes",
    }
}

fn named(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(switch) => format!("{switch}"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
