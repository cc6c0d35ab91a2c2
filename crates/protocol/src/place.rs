use std::fmt;

use crate::ProtocolError;

/// Which tensor of a message something is said of, such as `inputs[0]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) list: &'static str,
    pub(crate) index: usize,
}

impl Place {
    /// That `field` of this tensor is wrong; a field such as `parameters.binary_data_size`.
    #[cold]
    pub(crate) fn error(
        self,
        field: &str,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> ProtocolError {
        ProtocolError::field(format!("{self}.{field}"), expected, got)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list, self.index)
    }
}
