use super::Place;

/// One field as it was written, in whatever format. A list is several fields of one name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What a field is set to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A whole number that some integer of protobuf can hold.
    Integer(i128),
    /// Any other number, as it was written.
    Number(String),
    /// A name without quotes: a boolean, or one of an enumeration's.
    Word(String),
    /// Text in quotes. JSON writes long numbers and the names of enumerations like that, too.
    Text(String),
    /// Fields.
    Message(Vec<Field>),
}

impl Value {
    /// The value as an error shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Number(text) | Self::Word(text) => clip(text),
            Self::Text(text) => format!("{:?}", clip(text)),
            Self::Message(_) => "a message".to_owned(),
        }
    }

    /// Whether it is what the field would be if nothing were said, so that saying it changes nothing.
    pub(super) fn is_default(&self) -> bool {
        match self {
            Self::Integer(number) => *number == 0,
            Self::Word(word) => word == "false",
            Self::Text(text) => text.is_empty(),
            Self::Number(_) | Self::Message(_) => false,
        }
    }
}

/// Text of a user's, short enough for one line.
pub(super) fn clip(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
