use phalanx_model::Model;
use phalanx_plan::{Plan, Precision, Source, interpret};
use phalanx_tensor::{DType, Shape, Tensor};
use tract_onnx::prelude::{
    Framework, InferenceModelExt, IntoRunnable, IntoTValue, TValue, TVec, Tensor as TractTensor,
};

/// Largest error, relative to the largest magnitude of a row.
pub(crate) const TOLERANCE: f32 = 1e-5;

/// What tract's own code makes of the model, as it was exported.
fn tract(model: &Model, inputs: &[Tensor]) -> Vec<Vec<f32>> {
    let mut onnx = tract_onnx::onnx().model_for_read(&mut model.bytes().as_ref()).unwrap();
    for (index, input) in inputs.iter().enumerate() {
        let mut fact = onnx.input_fact(index).unwrap().clone();
        fact.shape = input.shape().iter().copied().collect();
        onnx.set_input_fact(index, fact).unwrap();
    }
    let values: TVec<TValue> = inputs.iter().map(value).collect();
    let outputs = onnx.into_optimized().unwrap().into_runnable().unwrap().run(values).unwrap();
    outputs.iter().map(|output| output.cast_to::<f32>().unwrap()).map(|output| floats(&output)).collect()
}

fn floats(tensor: &TractTensor) -> Vec<f32> {
    tensor.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec()
}

fn value(tensor: &Tensor) -> TValue {
    let shape = tensor.shape();
    let tensor = match tensor.dtype() {
        DType::F32 => TractTensor::from_shape(shape, &tensor.to_vec::<f32>().unwrap()).unwrap(),
        DType::I64 => TractTensor::from_shape(shape, &tensor.to_vec::<i64>().unwrap()).unwrap(),
        other => panic!("no inputs of {other}"),
    };
    tensor.into_tvalue()
}

/// Numbers that differ from each other and are the same in every run: floats in -1..1, integers as `integer` says.
pub(crate) fn inputs(plan: &Plan, integer: impl Fn(&str, usize) -> i64) -> Vec<Tensor> {
    let draw = |port: &phalanx_plan::Port| {
        let (dtype, shape) = plan.port(port);
        let count = shape.iter().product::<usize>();
        match dtype {
            DType::F32 => {
                let mut state = 0x9E37_79B9_u32;
                let mut next = || {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 / (1 << 23) as f32 - 1.0
                };
                Tensor::from_vec(shape.clone(), (0..count).map(|_| next()).collect()).unwrap()
            }
            DType::I64 => {
                let numbers = (0..count).map(|place| integer(&port.name, place)).collect();
                Tensor::from_vec(shape.clone(), numbers).unwrap()
            }
            other => panic!("no inputs of {other}"),
        }
    };
    plan.inputs.iter().map(draw).collect()
}

/// The largest difference of two tensors, relative to the largest magnitude of the row it is in.
pub(crate) fn difference(got: &[f32], expected: &[f32], shape: &Shape) -> f32 {
    assert_eq!(got.len(), expected.len());
    let width = shape.last().copied().unwrap_or(1);
    let rows = got.chunks(width).zip(expected.chunks(width));
    rows.map(|(got, expected)| {
        let scale = expected.iter().fold(f32::MIN_POSITIVE, |scale, x| scale.max(x.abs()));
        let worst = got.iter().zip(expected).map(|(got, expected)| (got - expected).abs());
        worst.map(|error| if error.is_nan() { f32::INFINITY } else { error / scale }).fold(0.0, f32::max)
    })
    .fold(0.0, f32::max)
}

/// Runs a plan and tract on the same inputs; the largest difference.
pub(crate) fn compare(model: &Model, plan: &Plan, integer: impl Fn(&str, usize) -> i64) -> f32 {
    let inputs = inputs(plan, integer);
    let outputs = interpret(plan, &inputs).unwrap();
    let expected = tract(model, &inputs);
    assert_eq!(outputs.len(), expected.len());
    let pairs = outputs.iter().zip(&expected);
    pairs
        .map(|(output, expected)| difference(&output.to_vec::<f32>().unwrap(), expected, output.shape()))
        .fold(0.0, f32::max)
}

/// The plan of a model for this many rows in fp32, after it was found to agree with tract.
pub(crate) fn agreeing(model: &Model, rows: usize, integer: impl Fn(&str, usize) -> i64) -> Plan {
    let plan = Source::new(model).unwrap().plan_rows(rows, Precision::Fp32).unwrap();
    let worst = compare(model, &plan, integer);
    assert!(worst <= TOLERANCE, "{} at {rows} rows: {worst}\n{plan}", model.name());
    plan
}

/// How often each kind of operation is in a plan, in the order of their names.
pub(crate) fn kinds(plan: &Plan) -> Vec<(&'static str, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    plan.steps.iter().for_each(|step| *counts.entry(step.op.name()).or_insert(0) += 1);
    counts.into_iter().collect()
}

/// No integers.
pub(crate) fn none(_: &str, _: usize) -> i64 {
    0
}
