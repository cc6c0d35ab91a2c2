//! Messages of every kind that can be.

use bytes::Bytes;
use phalanx_protocol::{
    InferInput, InferOutput, InferRequest, InferResponse, InputData, OutputData, Parameter, Parameters,
    Placement, RequestedOutput, SharedMemory,
};
use phalanx_tensor::{DType, Shape, Tensor};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// Every element type.
pub(crate) fn dtypes() -> impl Strategy<Value = DType> {
    proptest::sample::select(DType::ALL.to_vec())
}

fn shapes() -> impl Strategy<Value = Shape> {
    vec(0_usize..5, 0..4).prop_map(Shape::from_iter)
}

/// A tensor of `dtype` with any values, floats that are no numbers included.
pub(crate) fn tensors_of(dtype: DType) -> BoxedStrategy<Tensor> {
    let shapes = shapes();
    shapes
        .prop_flat_map(move |shape| {
            let elements = shape.elements().expect("a few");
            match dtype.size_bytes() {
                None => vec(any::<String>(), elements)
                    .prop_map(move |values| Tensor::from_strings(shape.clone(), values).expect("as many"))
                    .boxed(),
                Some(size) => vec(any::<u8>(), elements * size)
                    .prop_map(move |mut values| {
                        if dtype == DType::Bool {
                            values.iter_mut().for_each(|value| *value &= 1);
                        }
                        Tensor::from_bytes(dtype, shape.clone(), Bytes::from(values)).expect("as many")
                    })
                    .boxed(),
            }
        })
        .boxed()
}

/// Whether JSON loses nothing of a tensor: it has one NaN only, and no 16-bit floats.
pub(crate) fn is_exact_in_json(tensor: &Tensor) -> bool {
    let nan32 = tensor.to_vec::<f32>().is_ok_and(|values| values.iter().any(|value| value.is_nan()));
    let nan64 = tensor.to_vec::<f64>().is_ok_and(|values| values.iter().any(|value| value.is_nan()));
    !nan32 && !nan64 && !matches!(tensor.dtype(), DType::F16 | DType::BF16)
}

fn json_tensors() -> impl Strategy<Value = Tensor> {
    dtypes().prop_flat_map(tensors_of).prop_filter("has a form in JSON", is_exact_in_json)
}

fn places() -> impl Strategy<Value = SharedMemory> {
    (any::<String>(), 0_u64..1 << 40).prop_map(|(region, offset)| SharedMemory {
        region: region.into(),
        offset,
        byte_size: 24,
    })
}

fn inputs() -> impl Strategy<Value = InputData> {
    let shared = places().prop_map(|place| InputData::SharedMemory {
        dtype: DType::F32,
        shape: Shape::from([2, 3]),
        place,
    });
    prop_oneof![4 => json_tensors().prop_map(InputData::Tensor), 1 => shared]
}

fn outputs() -> impl Strategy<Value = OutputData> {
    let shared = places().prop_map(|place| OutputData::SharedMemory {
        dtype: DType::I64,
        shape: Shape::from([3]),
        place,
    });
    prop_oneof![
        2 => json_tensors().prop_map(OutputData::Json),
        2 => dtypes().prop_flat_map(tensors_of).prop_map(OutputData::Binary),
        1 => shared,
    ]
}

fn parameters() -> impl Strategy<Value = Parameters> {
    let value = prop_oneof![
        any::<bool>().prop_map(Parameter::Bool),
        any::<i64>().prop_map(Parameter::Int),
        (1 << 63..u64::MAX).prop_map(Parameter::Unsigned),
        proptest::num::f64::NORMAL.prop_map(Parameter::Double),
        any::<String>().prop_map(Parameter::String),
    ];
    btree_map("[a-z_]{1,8}", value, 0..4).prop_map(|map| {
        let mut parameters = Parameters::default();
        map.into_iter().for_each(|(name, value)| parameters.set(name, value));
        parameters
    })
}

fn wishes() -> impl Strategy<Value = (Placement, u32)> {
    prop_oneof![
        (Just(Placement::Unsaid), 0_u32..3),
        (Just(Placement::Json), 0_u32..3),
        (Just(Placement::Binary), 0_u32..3),
        places().prop_map(|place| (Placement::SharedMemory(place), 0)),
    ]
}

/// Requests whose tensors JSON can say.
pub(crate) fn requests() -> impl Strategy<Value = InferRequest> {
    (
        any::<String>(),
        parameters(),
        btree_map(any::<String>(), inputs(), 1..4),
        btree_map(any::<String>(), wishes(), 0..3),
    )
        .prop_map(|(id, parameters, inputs, outputs)| InferRequest {
            id: id.into(),
            parameters,
            inputs: inputs.into_iter().map(|(name, data)| InferInput { name: name.into(), data }).collect(),
            outputs: outputs
                .into_iter()
                .map(|(name, (placement, classification))| RequestedOutput {
                    name: name.into(),
                    placement,
                    classification,
                })
                .collect(),
            ..InferRequest::default()
        })
}

/// Responses of all kinds.
pub(crate) fn responses() -> impl Strategy<Value = InferResponse> {
    (any::<[String; 3]>(), parameters(), btree_map(any::<String>(), outputs(), 0..4)).prop_map(
        |([model_name, model_version, id], parameters, outputs)| InferResponse {
            model_name: model_name.into(),
            model_version: model_version.into(),
            id: id.into(),
            parameters,
            outputs: outputs
                .into_iter()
                .map(|(name, data)| InferOutput { name: name.into(), data })
                .collect(),
        },
    )
}
