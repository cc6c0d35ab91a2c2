//! Random models: what they answer depends neither on the batch nor on the optimiser.

use phalanx_backend::{Optimize, PrepareOptions};
use phalanx_model::proto::AttributeProto;
use phalanx_model::{GraphBuilder, Model};
use phalanx_tensor::{DType, Dim, Shape, Tensor};

use crate::{Draw, Rig, Subject, assert_close};

const MODELS: u64 = 24;

pub(super) fn random_models(subject: &Subject) {
    for seed in 0..MODELS {
        let mut draw = Draw::new(seed);
        let model = random_model(&mut draw);
        let plain = PrepareOptions { optimize: Optimize::None, ..subject.options.clone() };
        let [mut plain, mut program] = [&plain, &subject.options].map(|options| {
            let program = subject.prepare_with(&model, options);
            let program = program.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            Rig::open(&program).expect("opens a lane")
        });
        for _ in 0..4 {
            let rows = 1 + draw.below(20);
            let inputs = draw.inputs(model.signature(), rows, 1);
            let got = program.batch(&inputs).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            let row = draw.below(inputs[0].rows());
            let of_row = |tensors: &[Tensor]| -> Vec<Tensor> {
                tensors.iter().map(|tensor| tensor.slice_rows(row, row + 1).expect("is there")).collect()
            };
            let alone = plain.batch(&of_row(&inputs)).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            let what = format!("seed {seed}, row {row} of {} in {:?}", inputs[0].rows(), model.operators());
            assert_close(&what, &alone, &of_row(&got), subject.tolerance * 10.0);
        }
    }
}

/// One or two inputs, up to ten operators, every third value an output.
fn random_model(draw: &mut Draw) -> Model {
    let mut graph = GraphBuilder::new("random");
    let mut values: Vec<(String, usize)> = Vec::new();
    for input in 0..=draw.below(2) {
        let (name, width) = (format!("in{input}"), 1 + draw.below(9));
        graph.input(&name, DType::F32, &dims(width));
        values.push((name, width));
    }
    let operators = 1 + draw.below(10);
    for index in 0..operators {
        let (from, width) = values[draw.below(values.len())].clone();
        let (other, other_width) = values[draw.below(values.len())].clone();
        let name = format!("value{index}");
        let width = match draw.below(8) {
            0 => linear(&mut graph, draw, &name, &from, width),
            1 => {
                graph.node(&name, "Concat", &[&from, &other], &[AttributeProto::int("axis", 1)]);
                width + other_width
            }
            2 => {
                graph.node(&name, "Softmax", &[&from], &[AttributeProto::int("axis", 1)]);
                width
            }
            3 => {
                graph.node(&name, "ReduceMean", &[&from], &[AttributeProto::ints("axes", &[1])]);
                1
            }
            4 if width == other_width => {
                graph.node(&name, ["Add", "Mul", "Sub", "Max"][draw.below(4)], &[&from, &other], &[]);
                width
            }
            _ => {
                graph.node(&name, ["Relu", "Tanh", "Sigmoid", "Neg", "Abs"][draw.below(5)], &[&from], &[]);
                width
            }
        };
        if index % 3 == 0 || index + 1 == operators {
            graph.output(&name, DType::F32, &dims(width));
        }
        values.push((name, width));
    }
    Model::from_proto(&graph.finish()).expect("is valid")
}

fn linear(graph: &mut GraphBuilder, draw: &mut Draw, name: &str, from: &str, width: usize) -> usize {
    let out = 1 + draw.below(12);
    let weight =
        graph.constant(&format!("{name}.weight"), &draw.tensor(DType::F32, &Shape::from([width, out])));
    let bias = graph.constant(&format!("{name}.bias"), &draw.tensor(DType::F32, &Shape::from([out])));
    graph.node(name, "Gemm", &[from, &weight, &bias], &[]);
    out
}

fn dims(width: usize) -> [Dim; 2] {
    [Dim::Symbol("batch".into()), Dim::Fixed(width)]
}
