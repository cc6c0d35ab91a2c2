//! What the CPU does beyond the suite every backend runs.

mod common;

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use phalanx_backend::{
    Backend, BackendError, Buckets, Device, OutputSpec, Precision, PrepareOptions, Program,
};
use phalanx_backend_suite::Rig;
use phalanx_model::{GraphBuilder, Model, samples};
use phalanx_tensor::{DType, Dim, Shape, Tensor};

fn prepare(model: &Model) -> Option<Arc<dyn Program>> {
    let runtime = common::runtime(None)?;
    Some(runtime.prepare(model, Device::Cpu, &PrepareOptions::default()).expect("prepares"))
}

fn batch(tail: &[usize]) -> Vec<Dim> {
    std::iter::once(Dim::Symbol("batch".into())).chain(tail.iter().map(|&size| Dim::Fixed(size))).collect()
}

fn finish(graph: GraphBuilder) -> Model {
    Model::from_proto(&graph.finish()).expect("is valid")
}

fn rows(tail: usize, values: &[f32]) -> Tensor {
    Tensor::from_vec([values.len() / tail, tail], values.to_vec()).expect("whole rows")
}

#[test]
fn an_output_that_is_an_input_is_copied() {
    let mut graph = GraphBuilder::new("through");
    graph.input("x", DType::F32, &batch(&[2]));
    graph.node("y", "Relu", &["x"], &[]);
    graph.output("x", DType::F32, &batch(&[2]));
    graph.output("y", DType::F32, &batch(&[2]));
    let Some(program) = prepare(&finish(graph)) else { return };
    let mut rig = Rig::open(&program).unwrap();
    for values in [[-1.0, 2.0, 3.0, -4.0], [5.0, -6.0, -7.0, 8.0]] {
        let x = rows(2, &values);
        let y = rows(2, &values.map(|value: f32| value.max(0.0)));
        assert_eq!(rig.batch(std::slice::from_ref(&x)).unwrap(), [x, y]);
    }
}

/// The declared shape says 3 where the model gives 4: the runtime must neither write past the buffer nor pretend.
#[test]
fn an_output_of_another_shape_than_declared_fails_the_run() {
    let mut graph = GraphBuilder::new("liar");
    graph.input("x", DType::F32, &[Dim::Symbol("batch".into()), Dim::Symbol("n".into())]);
    graph.node("y", "Relu", &["x"], &[]);
    graph.output("y", DType::F32, &batch(&[3]));
    let Some(program) = prepare(&finish(graph)) else { return };
    let mut rig = Rig::open(&program).unwrap();
    let fitting = rows(3, &[1.0, 2.0, 3.0]);
    assert_eq!(rig.batch(std::slice::from_ref(&fitting)).unwrap(), [fitting]);
    let slot = rig.slot(&[rows(4, &[1.0; 8])], 2).unwrap();
    let (outcome, slot) = rig.submit(slot, 2, 2);
    assert!(matches!(outcome.unwrap_err().error, BackendError::Run { .. }));
    assert!(slot.is_some());
}

/// Neither the tail nor the names say how long a row of `y` is: it is seen by running.
#[test]
fn undeclared_rows_are_learned() {
    let mut graph = GraphBuilder::new("doubled");
    graph.input("x", DType::F32, &[Dim::Symbol("batch".into()), Dim::Symbol("n".into())]);
    let axis = phalanx_model::proto::AttributeProto::int("axis", 1);
    graph.node("y", "Concat", &["x", "x"], &[axis]);
    graph.output("y", DType::F32, &[Dim::Unknown, Dim::Unknown]);
    let Some(program) = prepare(&finish(graph)) else { return };
    for size in [1, 5] {
        let layout = program.layout(&[Shape::from([size])]).unwrap();
        let OutputSpec::Rows(spec) = &layout.outputs[0] else { panic!("expected rows, got {layout:?}") };
        assert_eq!(spec.tail, Shape::from([2 * size]));
    }
}

#[test]
fn rows_and_slots_that_do_not_fit_are_refused() {
    let Some(program) = prepare(&samples::tiny()) else { return };
    assert_eq!(program.buckets(), Buckets::Any(128));
    let mut rig = Rig::open(&program).unwrap();
    let input = [rows(4, &[1.0; 8])];
    for wrong in [0, 3, 129, usize::MAX] {
        let slot = rig.slot(&input, 2).unwrap();
        let (outcome, slot) = rig.submit(slot, wrong, 0);
        assert!(matches!(outcome.unwrap_err().error, BackendError::Input { .. }), "{wrong} rows");
        assert!(slot.is_some());
    }
    let other = prepare(&samples::two_outputs()).unwrap();
    let foreign = Rig::open(&other).unwrap().slot(&input, 2).unwrap();
    let (outcome, _) = rig.submit(foreign, 2, 0);
    assert!(matches!(outcome.unwrap_err().error, BackendError::Input { .. }));
    assert!(rig.batch(&input).is_ok());
}

#[test]
fn a_slot_larger_than_memory_is_an_error() {
    let Some(program) = prepare(&samples::tiny()) else { return };
    let layout = Arc::new(program.layout(&[Shape::from([4])]).unwrap());
    for rows in [usize::MAX, usize::MAX / 64, isize::MAX as usize / 32] {
        assert!(matches!(program.slot(&layout, rows), Err(BackendError::OutOfMemory { .. })), "{rows} rows");
    }
}

/// More for an output than there are addresses: what the allocator refuses is an error of that run alone.
#[test]
fn a_run_that_needs_more_memory_than_there_is_is_an_error() {
    let mut graph = GraphBuilder::new("expand");
    graph.input("shape", DType::I64, &[Dim::Fixed(1)]);
    graph.constant("one", &Tensor::from_vec([1], vec![1.0_f32]).unwrap());
    graph.node("y", "Expand", &["one", "shape"], &[]);
    graph.output("y", DType::F32, &[Dim::Symbol("n".into())]);
    let Some(program) = prepare(&finish(graph)) else { return };
    let mut rig = Rig::open(&program).unwrap();
    let mut expand = |len: i64| rig.single(&[Tensor::from_vec([1], vec![len]).unwrap()]);
    let error = expand(1 << 46).unwrap_err();
    assert!(matches!(error, BackendError::OutOfMemory { .. }), "{error}");
    assert_eq!(expand(2).unwrap()[0].to_vec::<f32>().unwrap(), [1.0, 1.0]);
}

#[test]
fn unaligned_bytes_and_strings_with_nul_pass() {
    let Some(program) = prepare(&samples::identity(DType::F64)) else { return };
    let raw = Bytes::from((0..25).collect::<Vec<u8>>());
    let offset = usize::from((raw.as_ptr() as usize).is_multiple_of(8));
    let unaligned = Tensor::from_bytes(DType::F64, [1, 3], raw.slice(offset..offset + 24)).unwrap();
    let output = Rig::open(&program).unwrap().single(std::slice::from_ref(&unaligned)).unwrap();
    assert_eq!(output[0].bytes(), unaligned.bytes());

    let texts = ["a\0b", "\0", "ends\0"].map(str::to_owned).to_vec();
    let strings = Tensor::from_strings([1, 3], texts).unwrap();
    let program = prepare(&samples::identity(DType::String)).unwrap();
    let output = Rig::open(&program).unwrap().single(std::slice::from_ref(&strings)).unwrap();
    assert_eq!(output[0], strings);
}

#[test]
fn the_cpu_computes_in_fp32_alone() {
    let Some(runtime) = common::runtime(None) else { return };
    for precision in [Precision::Tf32, Precision::Fp16] {
        let options = PrepareOptions { precision, ..PrepareOptions::default() };
        let error = runtime.prepare(&samples::tiny(), Device::Cpu, &options).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), format!("onnxruntime on cpu does not support precision {precision}"));
    }
}

/// Many lanes of one session at once, on threads that are more than the cores.
#[test]
fn lanes_share_one_session() {
    let Some(runtime) = common::runtime(None) else { return };
    let options = PrepareOptions { threads: NonZeroUsize::new(2).unwrap(), ..PrepareOptions::default() };
    let program = runtime.prepare(&samples::mlp(3), Device::Cpu, &options).unwrap();
    let input = [Tensor::zeros(DType::F32, [8, 256]).unwrap()];
    let expected = Rig::open(&program).unwrap().batch(&input).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut rig = Rig::open(&program).unwrap();
                for _ in 0..50 {
                    assert_eq!(rig.batch(&input).unwrap(), expected);
                }
            });
        }
    });
}
