use super::node::{Field, Value};
use super::{ConfigError, Place};

/// The fields of a message, each of which somebody must ask for: what nobody knows is refused.
pub(super) struct Fields<'a> {
    /// What leads to them, as errors name it: empty, or ends with a point.
    path: String,
    fields: &'a [Field],
    known: Vec<&'static str>,
}

/// One field that is there.
pub(super) struct Given<'a> {
    pub(super) field: &'a Field,
    /// Its name with those of the fields around it.
    pub(super) path: String,
}

impl<'a> Fields<'a> {
    pub(super) fn new(fields: &'a [Field]) -> Self {
        Self { path: String::new(), fields, known: Vec::new() }
    }

    /// All of this name.
    pub(super) fn many(&mut self, name: &'static str) -> impl Iterator<Item = Given<'a>> + use<'a> {
        self.known.push(name);
        let path = format!("{}{name}", self.path);
        let found = self.fields.iter().filter(move |field| field.name == name);
        found.map(move |field| Given { field, path: path.clone() })
    }

    /// The one of this name.
    pub(super) fn one(&mut self, name: &'static str) -> Result<Option<Given<'a>>, ConfigError> {
        let mut found = self.many(name);
        let first = found.next();
        match found.next() {
            Some(second) => Err(second.wrong("it once", "it again")),
            None => Ok(first),
        }
    }

    /// The one of this name, and what `read` makes of it.
    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Given<'a>) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.one(name)?.map(read).transpose()
    }

    /// Names that change nothing where their value is what it would be anyway, as in a configuration that a server
    /// printed in full.
    pub(super) fn idle(&mut self, names: &[&'static str], hint: &'static str) -> Result<(), ConfigError> {
        for name in names {
            match self.many(name).find(|given| !given.field.value.is_default()) {
                Some(given) => return Err(given.unsupported(hint)),
                None => continue,
            }
        }
        Ok(())
    }

    /// Refuses the first field that nobody asked for.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        match self.fields.iter().find(|field| !self.known.contains(&&*field.name)) {
            Some(field) => {
                let path = format!("{}{}", self.path, super::node::clip(&field.name));
                Err(Given { field, path }.unsupported(""))
            }
            None => Ok(()),
        }
    }
}

impl<'a> Given<'a> {
    pub(super) fn place(&self) -> Place {
        self.field.place
    }

    /// The value is not what it should be.
    pub(super) fn wrong(&self, expected: impl Into<String>, got: impl Into<String>) -> ConfigError {
        let (expected, got) = (expected.into(), got.into());
        ConfigError::Value { place: self.place(), field: self.path.clone(), expected, got }
    }

    /// As [`Given::wrong`], with the value as it was written.
    pub(super) fn unexpected(&self, expected: impl Into<String>) -> ConfigError {
        self.wrong(expected, self.field.value.shown())
    }

    /// What it asks for is not done here.
    pub(super) fn unsupported(&self, hint: &'static str) -> ConfigError {
        ConfigError::Unsupported { place: self.place(), field: self.path.clone(), hint }
    }

    pub(super) fn text(&self) -> Result<&'a str, ConfigError> {
        match &self.field.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.unexpected("text in quotes")),
        }
    }

    /// A name of an enumeration's.
    pub(super) fn word(&self) -> Result<&'a str, ConfigError> {
        match &self.field.value {
            Value::Word(word) | Value::Text(word) => Ok(word),
            _ => Err(self.unexpected("a name")),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool, ConfigError> {
        match &self.field.value {
            Value::Word(word) => match word.as_str() {
                "true" | "True" | "t" => Ok(true),
                "false" | "False" | "f" => Ok(false),
                _ => Err(self.unexpected("true or false")),
            },
            Value::Integer(0) => Ok(false),
            Value::Integer(1) => Ok(true),
            _ => Err(self.unexpected("true or false")),
        }
    }

    /// A whole number from `least` up to what `T` holds.
    pub(super) fn number<T: TryFrom<i128>>(&self, least: i128) -> Result<T, ConfigError> {
        let number = match &self.field.value {
            Value::Integer(number) => Some(*number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| *number >= least).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.unexpected(format!("a whole number from {least}")))
    }

    pub(super) fn message(&self) -> Result<Fields<'a>, ConfigError> {
        match &self.field.value {
            Value::Message(fields) => {
                Ok(Fields { path: format!("{}.", self.path), fields, known: Vec::new() })
            }
            _ => Err(self.unexpected("a message in braces")),
        }
    }
}
