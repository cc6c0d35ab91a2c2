use std::fmt;

/// Every way in which a message can fail to be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A field holds what it must not.
    #[error("{field}: expected {expected}, got {got}")]
    Field {
        /// Which field, such as `inputs[0].shape`.
        field: String,
        /// What would do.
        expected: String,
        /// What came.
        got: String,
    },
    /// Not JSON at all.
    #[error("the JSON is malformed: {message}")]
    Json {
        /// What the parser said, with the place.
        message: String,
    },
    /// Not protobuf at all.
    #[error("the protobuf message is malformed: {message}")]
    Protobuf {
        /// What the decoder said.
        message: String,
    },
}

impl ProtocolError {
    /// That `field` holds what it must not. Each part is cut off where it becomes long.
    #[cold]
    pub(crate) fn field(
        field: impl Into<String>,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        let [field, expected, got] = [field.into(), expected.to_string(), got.to_string()].map(shortened);
        Self::Field { field, expected, got }
    }
}

/// The beginning of a text that may quote what a stranger sent.
fn shortened(mut text: String) -> String {
    const BYTES_MAX: usize = 256;
    if text.len() > BYTES_MAX {
        text.truncate(text.floor_char_boundary(BYTES_MAX));
        text.push('…');
    }
    text
}
