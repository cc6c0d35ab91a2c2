use serde_json::Value as Json;

use super::node::{Field, Value, clip};
use super::{ConfigError, Place};

/// Reads the configuration of a load, protobuf's JSON (<https://protobuf.dev/programming-guides/json/>).
///
/// # Errors
/// [`ConfigError::Syntax`].
pub(super) fn parse(text: &str) -> Result<Vec<Field>, ConfigError> {
    let fail = |got| ConfigError::Syntax { place: Place::Call, expected: "a JSON object", got };
    match serde_json::from_str(text).map_err(|error| fail(error.to_string()))? {
        Json::Object(members) => Ok(fields(members)),
        other => Err(fail(clip(&other.to_string()))),
    }
}

fn fields(members: serde_json::Map<String, Json>) -> Vec<Field> {
    let mut fields = Vec::new();
    for (name, json) in members {
        let name = snake_case(&name);
        let values = match json {
            Json::Null => Vec::new(),
            Json::Array(values) => values,
            // An empty map, as text would leave it out; an empty message says that it is there.
            Json::Object(members) if members.is_empty() && MAPS.contains(&&*name) => Vec::new(),
            single => vec![single],
        };
        let field = |json| Field { name: name.clone(), place: Place::Call, value: value(json) };
        fields.extend(values.into_iter().map(field));
    }
    fields
}

/// The maps of a model's configuration.
const MAPS: [&str; 3] = ["cc_model_filenames", "metric_tags", "parameters"];

fn value(json: Json) -> Value {
    match json {
        Json::Bool(value) => Value::Word(value.to_string()),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::Integer(whole.into()),
            (None, Some(whole)) => Value::Integer(whole.into()),
            (None, None) => Value::Number(number.to_string()),
        },
        Json::String(text) => Value::Text(text),
        Json::Object(members) => Value::Message(fields(members)),
        // A list in a list, or nothing in one: no field takes either.
        Json::Null | Json::Array(_) => Value::Number(clip(&json.to_string())),
    }
}

/// Names may be written as in the definition, or in JSON's manner.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_fields_of_one_name() {
        let fields =
            parse(r#"{"dims": ["4", -1], "maxBatchSize": 8, "parameters": {}, "gpus": [], "all": {}}"#);
        let fields = fields.unwrap();
        let mut found: Vec<_> = fields.iter().map(|field| (&*field.name, field.value.clone())).collect();
        found.sort_by_key(|(name, _)| *name);
        assert_eq!(
            found,
            [
                ("all", Value::Message(vec![])),
                ("dims", Value::Text("4".to_owned())),
                ("dims", Value::Integer(-1)),
                ("max_batch_size", Value::Integer(8)),
            ]
        );
    }

    #[test]
    fn anything_but_an_object_is_refused() {
        for text in ["", "[]", "{", "3", "{\"a\": }", &"[".repeat(10_000)] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("config: expected a JSON object, got "), "{error}");
        }
    }
}
