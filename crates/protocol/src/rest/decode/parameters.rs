use compact_str::CompactString;

use super::fields::{self, boolean, once, text, unsigned, want};
use crate::place::Place;
use crate::rest::json::{Cursor, Kind, Number};
use crate::{Limits, Parameter, Parameters, ProtocolError, SharedMemory};

/// Reads what is said of a message as a whole.
pub(super) fn read_parameters(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Parameters, ProtocolError> {
    want(cursor, Kind::Object, || "parameters".to_owned())?;
    let mut parameters = Parameters::default();
    cursor.object(|cursor, name| {
        if parameters.len() == limits.parameters_max {
            let expected = format!("at most {}", limits.parameters_max);
            return Err(ProtocolError::field("parameters", expected, "more"));
        }
        parameters.set(name, read_parameter(cursor, name)?);
        Ok(())
    })?;
    Ok(parameters)
}

fn read_parameter(cursor: &mut Cursor<'_>, name: &str) -> Result<Parameter, ProtocolError> {
    let refuse = |cursor: &mut Cursor<'_>| {
        fields::refusal(cursor, format!("parameters.{name}"), "a string, a boolean or a number of 64 bits")
    };
    match cursor.kind()? {
        Kind::String => Ok(Parameter::String(cursor.string()?.into_owned())),
        Kind::Bool => Ok(Parameter::Bool(cursor.boolean()?)),
        Kind::Number => match cursor.number() {
            Ok(Number::Signed(value)) => Ok(Parameter::Int(value)),
            Ok(Number::Unsigned(value)) => Ok(Parameter::Unsigned(value)),
            Ok(Number::Double(value)) => Ok(Parameter::Double(value)),
            Err(_) => Err(refuse(cursor)),
        },
        Kind::Object | Kind::Array | Kind::Null => Err(refuse(cursor)),
    }
}

/// What is said of one tensor. Anything else said of it is ignored.
#[derive(Default)]
pub(super) struct TensorParameters {
    pub(super) binary_data_size: Option<u64>,
    pub(super) binary_data: Option<bool>,
    pub(super) classification: Option<u64>,
    region: Option<CompactString>,
    offset: Option<u64>,
    byte_size: Option<u64>,
}

impl TensorParameters {
    pub(super) fn read(cursor: &mut Cursor<'_>, place: Place) -> Result<Self, ProtocolError> {
        want(cursor, Kind::Object, || format!("{place}.parameters"))?;
        let mut said = Self::default();
        cursor.object(|cursor, name| {
            let field = || format!("{place}.parameters.{name}");
            match name {
                "binary_data_size" => once(&mut said.binary_data_size, field, unsigned(cursor, field)),
                "binary_data" => once(&mut said.binary_data, field, boolean(cursor, field)),
                "classification" => once(&mut said.classification, field, unsigned(cursor, field)),
                "shared_memory_region" => once(&mut said.region, field, text(cursor, field)),
                "shared_memory_offset" => once(&mut said.offset, field, unsigned(cursor, field)),
                "shared_memory_byte_size" => once(&mut said.byte_size, field, unsigned(cursor, field)),
                _ => Ok(cursor.skip()?),
            }
        })?;
        Ok(said)
    }

    /// The stretch of shared memory that is named, where one is.
    pub(super) fn shared_memory(&mut self, place: Place) -> Result<Option<SharedMemory>, ProtocolError> {
        SharedMemory::from_parameters(self.region.take(), self.offset, self.byte_size, place)
    }
}
