use std::collections::BTreeMap;

use compact_str::CompactString;

use crate::grpc::proto::InferParameter;
use crate::grpc::proto::infer_parameter::ParameterChoice;
use crate::place::Place;
use crate::{Limits, Parameter, Parameters, ProtocolError, SharedMemory};

/// Parameters as protobuf has them.
pub(super) type Map = BTreeMap<String, InferParameter>;

/// What is said of a message as a whole.
pub(super) fn parameters(map: Map, limits: &Limits) -> Result<Parameters, ProtocolError> {
    if map.len() > limits.parameters_max {
        let expected = format!("at most {}", limits.parameters_max);
        return Err(ProtocolError::field("parameters", expected, map.len()));
    }
    let mut parameters = Parameters::default();
    for (name, InferParameter { parameter_choice }) in map {
        let value = match parameter_choice {
            Some(ParameterChoice::BoolParam(value)) => Parameter::Bool(value),
            Some(ParameterChoice::Int64Param(value)) => Parameter::Int(value),
            Some(ParameterChoice::StringParam(value)) => Parameter::String(value),
            Some(ParameterChoice::DoubleParam(value)) => Parameter::Double(value),
            Some(ParameterChoice::Uint64Param(value)) => match i64::try_from(value) {
                Ok(value) => Parameter::Int(value),
                Err(_) => Parameter::Unsigned(value),
            },
            None => return Err(ProtocolError::field(format!("parameters.{name}"), "a value", "nothing")),
        };
        parameters.set(name, value);
    }
    Ok(parameters)
}

/// The stretch of shared memory that a tensor's parameters name, where one is.
pub(super) fn shared_memory(map: &Map, place: Place) -> Result<Option<SharedMemory>, ProtocolError> {
    if map.is_empty() {
        return Ok(None);
    }
    let field = "shared_memory_region";
    let region = match map.get(field).and_then(|parameter| parameter.parameter_choice.as_ref()) {
        None => None,
        Some(ParameterChoice::StringParam(region)) => Some(CompactString::from(region)),
        Some(other) => return Err(refusal(place, field, "a string", other)),
    };
    let offset = unsigned(map, "shared_memory_offset", place)?;
    let byte_size = unsigned(map, "shared_memory_byte_size", place)?;
    SharedMemory::from_parameters(region, offset, byte_size, place)
}

/// A count that a tensor's parameters say, where they do.
pub(super) fn unsigned(map: &Map, field: &str, place: Place) -> Result<Option<u64>, ProtocolError> {
    match map.get(field).and_then(|parameter| parameter.parameter_choice.as_ref()) {
        None => Ok(None),
        Some(ParameterChoice::Uint64Param(value)) => Ok(Some(*value)),
        Some(other @ ParameterChoice::Int64Param(value)) => u64::try_from(*value)
            .map(Some)
            .map_err(|_| refusal(place, field, "a whole number that is not negative", other)),
        Some(other) => Err(refusal(place, field, "a whole number", other)),
    }
}

#[cold]
fn refusal(place: Place, field: &str, expected: &str, got: &ParameterChoice) -> ProtocolError {
    place.error(&format!("parameters.{field}"), expected, format_args!("{got:?}"))
}
