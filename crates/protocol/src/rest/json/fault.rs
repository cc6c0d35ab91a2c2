use crate::ProtocolError;

/// Text that is not JSON, or nests too deep. Small, so that results that carry it are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What would have done.
    pub(crate) expected: Expected,
    /// The byte of the text where it was looked for.
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Something else.
    Thing(&'static str),
    /// An end to the nesting.
    Depth(usize),
}

impl From<Fault> for ProtocolError {
    #[cold]
    fn from(fault: Fault) -> Self {
        let at = fault.at;
        let message = match fault.expected {
            Expected::Thing(thing) => format!("expected {thing} at byte {at}"),
            Expected::Depth(max) => format!("nested deeper than {max} at byte {at}"),
        };
        Self::Json { message }
    }
}
