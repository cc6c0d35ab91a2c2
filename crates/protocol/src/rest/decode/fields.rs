//! Members of an object, each said once and of the type it has to be.

use compact_str::CompactString;

use crate::ProtocolError;
use crate::rest::json::{Cursor, Kind, NumberFault, Whole};

/// That `field` is not there.
#[cold]
pub(super) fn missing(field: String, expected: &str) -> ProtocolError {
    ProtocolError::field(field, expected, "nothing")
}

/// Reads a value into `slot`, which nothing was read into before.
#[inline]
pub(super) fn once<T>(
    slot: &mut Option<T>,
    field: impl Fn() -> String,
    value: Result<T, ProtocolError>,
) -> Result<(), ProtocolError> {
    if slot.is_some() {
        return Err(ProtocolError::field(field(), "to be said once", "it a second time"));
    }
    *slot = Some(value?);
    Ok(())
}

/// That a value of this kind comes next.
#[inline]
pub(super) fn want(
    cursor: &mut Cursor<'_>,
    kind: Kind,
    field: impl Fn() -> String,
) -> Result<(), ProtocolError> {
    if cursor.kind()? == kind { Ok(()) } else { Err(refusal(cursor, field(), kind.name())) }
}

/// That what comes next is JSON (else that is the error), but not `expected`.
#[cold]
pub(super) fn refusal(cursor: &mut Cursor<'_>, field: String, expected: &str) -> ProtocolError {
    match cursor.clone().skip() {
        Err(fault) => fault.into(),
        Ok(()) => ProtocolError::field(field, expected, cursor.quote()),
    }
}

/// Reads text.
#[inline]
pub(super) fn text(
    cursor: &mut Cursor<'_>,
    field: impl Fn() -> String,
) -> Result<CompactString, ProtocolError> {
    want(cursor, Kind::String, field)?;
    Ok(CompactString::from(cursor.string()?))
}

/// Reads `true` or `false`.
pub(super) fn boolean(cursor: &mut Cursor<'_>, field: impl Fn() -> String) -> Result<bool, ProtocolError> {
    want(cursor, Kind::Bool, field)?;
    Ok(cursor.boolean()?)
}

/// Reads a whole number that is not negative.
#[inline]
pub(super) fn unsigned(cursor: &mut Cursor<'_>, field: impl Fn() -> String) -> Result<u64, ProtocolError> {
    let mut ahead = cursor.clone();
    let number: Result<Whole, NumberFault> = ahead.whole();
    match number {
        Ok(Whole { magnitude, negative, .. }) if !negative || magnitude == 0 => {
            *cursor = ahead;
            Ok(magnitude)
        }
        _ => Err(refusal(cursor, field(), "a whole number from 0 to 2^64-1")),
    }
}
