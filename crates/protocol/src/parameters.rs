use compact_str::CompactString;

use crate::ProtocolError;

/// What is said of a request, an input or an output besides its values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters(Vec<(CompactString, Parameter)>);

/// One value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// Yes or no.
    Bool(bool),
    /// A whole number; Triton sends `priority` and `timeout` as unsigned over gRPC.
    Int(i64),
    /// A whole number past what [`Parameter::Int`] holds, such as a sequence's random one.
    Unsigned(u64),
    /// A number.
    Double(f64),
    /// Text.
    String(String),
}

impl Parameters {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many things are said.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What `name` is set to.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// What `name` is set to, where that has to be yes or no.
    ///
    /// # Errors
    /// [`ProtocolError::Field`] where it is set to anything else.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, ProtocolError> {
        match self.get(name) {
            None => Ok(None),
            Some(Parameter::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(refusal(name, "a boolean", other)),
        }
    }

    /// What `name` is set to, where that has to be a count: `priority`, or `timeout` in microseconds.
    ///
    /// # Errors
    /// [`ProtocolError::Field`] where it is set to anything else, a negative number included.
    pub fn unsigned(&self, name: &str) -> Result<Option<u64>, ProtocolError> {
        match self.get(name) {
            None => Ok(None),
            Some(Parameter::Unsigned(value)) => Ok(Some(*value)),
            Some(other) => match other {
                Parameter::Int(value) => u64::try_from(*value).ok(),
                _ => None,
            }
            .map(Some)
            .ok_or_else(|| refusal(name, "a whole number that is not negative", other)),
        }
    }

    /// All of them, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Says one thing more; what was said of it before counts no longer.
    pub fn set(&mut self, name: impl Into<CompactString>, value: Parameter) {
        let name = name.into();
        match self.0.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

#[cold]
fn refusal(name: &str, expected: &str, got: &Parameter) -> ProtocolError {
    let got = match got {
        Parameter::Bool(value) => value.to_string(),
        Parameter::Int(value) => value.to_string(),
        Parameter::Unsigned(value) => value.to_string(),
        Parameter::Double(value) => value.to_string(),
        Parameter::String(value) => format!("{value:?}"),
    };
    ProtocolError::field(format!("parameters.{name}"), expected, got)
}
