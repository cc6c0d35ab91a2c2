use std::collections::BTreeMap;

use crate::grpc::proto::InferParameter;
use crate::grpc::proto::infer_parameter::ParameterChoice;
use crate::{Parameter, Parameters, SharedMemory};

/// Parameters as protobuf has them.
pub(super) type Map = BTreeMap<String, InferParameter>;

/// What is said of a message as a whole.
pub(super) fn parameters(parameters: &Parameters) -> Map {
    let choice = |value: &Parameter| match value {
        Parameter::Bool(value) => ParameterChoice::BoolParam(*value),
        Parameter::Int(value) => ParameterChoice::Int64Param(*value),
        Parameter::Unsigned(value) => ParameterChoice::Uint64Param(*value),
        Parameter::Double(value) => ParameterChoice::DoubleParam(*value),
        Parameter::String(value) => ParameterChoice::StringParam(value.clone()),
    };
    parameters.iter().map(|(name, value)| (name.to_owned(), one(choice(value)))).collect()
}

/// A stretch of shared memory as parameters of a tensor.
pub(super) fn shared_memory(memory: &SharedMemory) -> Map {
    let mut map = Map::from([
        ("shared_memory_region".to_owned(), one(ParameterChoice::StringParam(memory.region.to_string()))),
        ("shared_memory_byte_size".to_owned(), count(memory.byte_size)),
    ]);
    if memory.offset != 0 {
        map.insert("shared_memory_offset".to_owned(), count(memory.offset));
    }
    map
}

/// A count. Servers look for a signed one, where it fits.
pub(super) fn count(value: u64) -> InferParameter {
    one(i64::try_from(value).map_or(ParameterChoice::Uint64Param(value), ParameterChoice::Int64Param))
}

fn one(choice: ParameterChoice) -> InferParameter {
    InferParameter { parameter_choice: Some(choice) }
}
