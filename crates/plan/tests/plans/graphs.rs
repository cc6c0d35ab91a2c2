//! Small graphs, each of an operator family or of a form that something is recognised in.

use phalanx_model::proto::AttributeProto;
use phalanx_model::{GraphBuilder, Model};
use phalanx_plan::{Activation, Op, Plan, PlanError, Precision, Source};
use phalanx_tensor::{DType, Dim, Tensor};

use crate::reference::{agreeing, kinds, none};

/// A graph under construction from `x` f32 `[batch, ..]`.
struct Graph {
    builder: GraphBuilder,
    count: usize,
}

impl Graph {
    fn new(tail: &[usize]) -> Self {
        let mut builder = GraphBuilder::new("graph");
        let batch = Dim::Symbol("batch".into());
        let dims: Vec<Dim> = [batch].into_iter().chain(tail.iter().map(|&size| Dim::Fixed(size))).collect();
        builder.input("x", DType::F32, &dims);
        Self { builder, count: 0 }
    }

    fn name(&mut self) -> String {
        self.count += 1;
        format!("v{}", self.count)
    }

    fn op(&mut self, kind: &str, inputs: &[&str], attributes: &[AttributeProto]) -> String {
        let name = self.name();
        self.builder.node(&name, kind, inputs, attributes)
    }

    /// A constant of numbers between -1 and 1 that all differ.
    fn weight(&mut self, shape: &[usize]) -> String {
        let name = self.name();
        let start = self.count as f32;
        let count = shape.iter().product::<usize>();
        let numbers = (0..count).map(|place| (start + place as f32 * 0.7).sin() * 0.5).collect();
        let tensor = Tensor::from_vec(shape, numbers);
        self.builder.constant(&name, &tensor.unwrap())
    }

    fn scalar(&mut self, number: f32) -> String {
        let name = self.name();
        self.builder.constant(&name, &Tensor::from_vec([], vec![number]).unwrap())
    }

    fn integers(&mut self, numbers: &[i64]) -> String {
        let name = self.name();
        self.builder.constant(&name, &Tensor::from_vec([numbers.len()], numbers.to_vec()).unwrap())
    }

    fn finish(mut self, output: &str, tail: &[usize]) -> Model {
        let batch = Dim::Symbol("batch".into());
        let dims: Vec<Dim> = [batch].into_iter().chain(tail.iter().map(|&size| Dim::Fixed(size))).collect();
        self.builder.output(output, DType::F32, &dims);
        Model::from_proto(&self.builder.finish()).unwrap()
    }

    /// The plan for three rows, which agrees with tract; so does the one for one row.
    fn plan(self, output: &str, tail: &[usize]) -> Plan {
        let model = self.finish(output, tail);
        agreeing(&model, 1, none);
        agreeing(&model, 3, none)
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto::int(name, value)
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto::ints(name, values)
}

#[test]
fn functions_of_one_number() {
    let functions = [
        "Neg",
        "Abs",
        "Sign",
        "Exp",
        "Sin",
        "Cos",
        "Tan",
        "Atan",
        "Asin",
        "Acos",
        "Sinh",
        "Cosh",
        "Tanh",
        "Asinh",
        "Erf",
        "Floor",
        "Ceil",
        "Round",
        "Sigmoid",
        "HardSwish",
        "Softplus",
        "Elu",
        "Softsign",
        "Relu",
        "LeakyRelu",
    ];
    for function in functions {
        let mut graph = Graph::new(&[7]);
        let y = graph.op(function, &["x"], &[]);
        let plan = graph.plan(&y, &[7]);
        assert_eq!(kinds(&plan), [("map", 1)], "{function}: {plan}");
    }
}

#[test]
fn a_chain_is_one_kernel() {
    let mut graph = Graph::new(&[4, 6]);
    let (weight, two) = (graph.weight(&[6]), graph.scalar(2.0));
    let shifted = graph.op("Add", &["x", &weight], &[]);
    let squared = graph.op("Pow", &[&shifted, &two], &[]);
    let rooted = graph.op("Sqrt", &[&squared], &[]);
    let turned = graph.op("Transpose", &[&rooted], &[ints("perm", &[0, 2, 1])]);
    let other = graph.op("Transpose", &["x"], &[ints("perm", &[0, 2, 1])]);
    let least = graph.op("Min", &[&turned, &other], &[]);
    let is_less = graph.op("Less", &[&turned, &other], &[]);
    let y = graph.op("Where", &[&is_less, &least, &two], &[]);
    assert_eq!(kinds(&graph.plan(&y, &[6, 4])), [("map", 1)]);
}

#[test]
fn products_take_the_activation_they_can() {
    for (function, expected) in
        [("Relu", Activation::Relu), ("Sigmoid", Activation::None), ("Identity", Activation::None)]
    {
        let mut graph = Graph::new(&[8]);
        let (weight, bias) = (graph.weight(&[8, 5]), graph.weight(&[5]));
        let product = graph.op("MatMul", &["x", &weight], &[]);
        let linear = graph.op("Add", &[&product, &bias], &[]);
        let y = graph.op(function, &[&linear], &[]);
        let plan = graph.plan(&y, &[5]);
        let Op::Product(product) = &plan.steps[0].op else { panic!("expected a product: {plan}") };
        assert_eq!((product.epilogue.activation, product.epilogue.bias.is_some()), (expected, true));
        assert_eq!(plan.steps.len(), if function == "Sigmoid" { 2 } else { 1 });
    }
}

#[test]
fn a_residual_is_added_by_the_product() {
    let mut graph = Graph::new(&[5, 8]);
    let (weight, bias) = (graph.weight(&[8, 8]), graph.weight(&[8]));
    let product = graph.op("MatMul", &["x", &weight], &[]);
    let linear = graph.op("Add", &[&product, &bias], &[]);
    let y = graph.op("Add", &["x", &linear], &[]);
    let plan = graph.plan(&y, &[5, 8]);
    let Op::Product(product) = &plan.steps[0].op else { panic!("expected a product: {plan}") };
    assert!(product.epilogue.residual.is_some() && plan.steps.len() == 1, "{plan}");
}

#[test]
fn both_forms_of_gelu_are_activations() {
    let mut graph = Graph::new(&[8]);
    let weight = graph.weight(&[8, 8]);
    let [root, one, half] = [std::f32::consts::SQRT_2, 1.0, 0.5].map(|number| graph.scalar(number));
    let x = graph.op("MatMul", &["x", &weight], &[]);
    let scaled = graph.op("Div", &[&x, &root], &[]);
    let erf = graph.op("Erf", &[&scaled], &[]);
    let more = graph.op("Add", &[&erf, &one], &[]);
    let times = graph.op("Mul", &[&x, &more], &[]);
    let y = graph.op("Mul", &[&times, &half], &[]);
    let plan = graph.plan(&y, &[8]);
    let Op::Product(product) = &plan.steps[0].op else { panic!("expected a product: {plan}") };
    assert_eq!((product.epilogue.activation, plan.steps.len()), (Activation::GeluErf, 1), "{plan}");
}

#[test]
fn normalisations_are_recognised_in_pieces() {
    let mut graph = Graph::new(&[5, 8]);
    let (two, epsilon) = (graph.scalar(2.0), graph.scalar(1e-5));
    let (scale, bias) = (graph.weight(&[8]), graph.weight(&[8]));
    let mean = graph.op("ReduceMean", &["x"], &[ints("axes", &[-1])]);
    let centred = graph.op("Sub", &["x", &mean], &[]);
    let squared = graph.op("Pow", &[&centred, &two], &[]);
    let variance = graph.op("ReduceMean", &[&squared], &[ints("axes", &[-1])]);
    let sum = graph.op("Add", &[&variance, &epsilon], &[]);
    let deviation = graph.op("Sqrt", &[&sum], &[]);
    let normal = graph.op("Div", &[&centred, &deviation], &[]);
    let scaled = graph.op("Mul", &[&normal, &scale], &[]);
    let y = graph.op("Add", &[&scaled, &bias], &[]);
    let plan = graph.plan(&y, &[5, 8]);
    assert_eq!(kinds(&plan), [("layer_norm", 1)], "{plan}");
}

#[test]
fn softmax_and_reductions_over_any_axes() {
    for axis in [1, 2, 3] {
        let mut graph = Graph::new(&[4, 5, 6]);
        let y = graph.op("Softmax", &["x"], &[int("axis", axis)]);
        let plan = graph.plan(&y, &[4, 5, 6]);
        assert_eq!(kinds(&plan), [("softmax", 1)], "{plan}");
    }
    for (kind, expected) in
        [("ReduceMax", "max"), ("ReduceMin", "min"), ("ReduceMean", "sum"), ("ReduceProd", "product")]
    {
        let mut graph = Graph::new(&[4, 5, 6]);
        let y = graph.op(kind, &["x"], &[ints("axes", &[1, 3]), int("keepdims", 0)]);
        let name = kinds(&graph.plan(&y, &[5]))[0].0;
        assert_eq!(name, expected, "{kind}");
    }
    let mut graph = Graph::new(&[4, 5]);
    let y = graph.op("LogSoftmax", &["x"], &[int("axis", -1)]);
    assert_eq!(graph.plan(&y, &[4, 5]).steps.len(), 1);
}

/// Two heads over six tokens of `x`, in which queries, keys and values lie behind each other; `mask` changes the scores.
fn attention(mask: impl FnOnce(&mut Graph, &str) -> String) -> Plan {
    let mut graph = Graph::new(&[6, 3, 16]);
    let split = graph.integers(&[0, 6, 3, 2, 8]);
    let heads = graph.op("Reshape", &["x", &split], &[]);
    let [query, key, value] =
        [(0, [0, 2, 1, 3]), (1, [0, 2, 3, 1]), (2, [0, 2, 1, 3])].map(|(index, order)| {
            let at = graph.integers(&[index]);
            let picked = graph.op("Gather", &[&heads, &at], &[int("axis", 2)]);
            let axis = graph.integers(&[2]);
            let flat = graph.op("Squeeze", &[&picked, &axis], &[]);
            graph.op("Transpose", &[&flat], &[ints("perm", &order)])
        });
    let scores = graph.op("MatMul", &[&query, &key], &[]);
    let masked = mask(&mut graph, &scores);
    let shares = graph.op("Softmax", &[&masked], &[int("axis", -1)]);
    let mixed = graph.op("MatMul", &[&shares, &value], &[]);
    let back = graph.op("Transpose", &[&mixed], &[ints("perm", &[0, 2, 1, 3])]);
    let join = graph.integers(&[0, 6, 16]);
    let y = graph.op("Reshape", &[&back, &join], &[]);
    graph.plan(&y, &[6, 16])
}

#[test]
fn attention_under_a_mask_is_one_operation() {
    let plan = attention(|graph, scores| {
        let name = graph.name();
        let mask = (0..36).map(|place| if place % 6 <= place / 6 { 0.0 } else { -1e9 }).collect::<Vec<f32>>();
        let mask = graph.builder.constant(&name, &Tensor::from_vec([6, 6], mask).unwrap());
        let scale = graph.scalar(0.3);
        let scaled = graph.op("Mul", &[scores, &scale], &[]);
        graph.op("Add", &[&scaled, &mask], &[])
    });
    let [Op::Attention(attention)] = [&plan.steps[0].op] else { panic!("expected attention: {plan}") };
    let (scale, mask) = attention.scale_and_mask().unwrap();
    assert!((scale - 0.3).abs() < 1e-6 && mask.is_some_and(|mask| mask.strides[..2] == [0, 0]), "{plan}");
    assert_eq!(plan.steps.len(), 1, "{plan}");
}

#[test]
fn scores_may_be_chosen_by_the_data() {
    let plan = attention(|graph, scores| {
        let [zero, low] = [0.0, -1e4].map(|number| graph.scalar(number));
        let is_kept = graph.op("Greater", &[scores, &zero], &[]);
        graph.op("Where", &[&is_kept, scores, &low], &[])
    });
    let attention = plan.steps.iter().find_map(|step| match &step.op {
        Op::Attention(attention) => Some(attention),
        _ => None,
    });
    assert!(attention.unwrap().scale_and_mask().is_none(), "{plan}");
    assert_eq!(plan.steps.len(), 1, "{plan}");
}

#[test]
fn a_residual_block_is_its_convolutions() {
    let mut graph = Graph::new(&[8, 6, 6]);
    let pads = ints("pads", &[1, 1, 1, 1]);
    let [first, second] = [(); 2].map(|()| (graph.weight(&[8, 8, 3, 3]), graph.weight(&[8])));
    let one = graph.op("Conv", &["x", &first.0, &first.1], std::slice::from_ref(&pads));
    let active = graph.op("Relu", &[&one], &[]);
    let two = graph.op("Conv", &[&active, &second.0, &second.1], &[pads]);
    let sum = graph.op("Add", &[&two, "x"], &[]);
    let y = graph.op("Relu", &[&sum], &[]);
    let plan = graph.plan(&y, &[8, 6, 6]);
    assert_eq!(kinds(&plan), [("conv", 2)], "{plan}");
}

#[test]
fn a_normalised_convolution_is_one_operation() {
    let mut graph = Graph::new(&[3, 6, 6]);
    let weight = graph.weight(&[4, 3, 3, 3]);
    let [scale, bias, mean] = [(); 3].map(|()| graph.weight(&[4]));
    let name = graph.name();
    let variance =
        graph.builder.constant(&name, &Tensor::from_vec([4], vec![0.5_f32, 1.0, 1.5, 2.0]).unwrap());
    let conv = graph.op("Conv", &["x", &weight], &[]);
    let normal = graph.op("BatchNormalization", &[&conv, &scale, &bias, &mean, &variance], &[]);
    let y = graph.op("Relu", &[&normal], &[]);
    let plan = graph.plan(&y, &[4, 4, 4]);
    assert_eq!(kinds(&plan), [("conv", 1)], "{plan}");
}

#[test]
fn convolutions_of_groups_strides_and_dilations() {
    for (group, channels, attributes, size) in [
        (8_i64, 8, vec![ints("pads", &[1, 1, 1, 1])], 9),
        (2, 6, vec![ints("strides", &[2, 2]), ints("pads", &[0, 1, 1, 0])], 4),
        (1, 5, vec![ints("dilations", &[2, 2])], 5),
    ] {
        let mut graph = Graph::new(&[8, 9, 9]);
        let weight = graph.weight(&[channels, 8 / group as usize, 3, 3]);
        let attributes = [attributes, vec![int("group", group)]].concat();
        let y = graph.op("Conv", &["x", &weight], &attributes);
        let plan = graph.plan(&y, &[channels, size, size]);
        assert_eq!(kinds(&plan), [("conv", 1)], "{plan}");
    }
    let mut graph = Graph::new(&[4, 10]);
    let weight = graph.weight(&[6, 4, 3]);
    let y = graph.op("Conv", &["x", &weight], &[]);
    graph.plan(&y, &[6, 8]);
}

#[test]
fn poolings_know_their_padding() {
    let window = [ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2]), ints("pads", &[1, 1, 1, 1])];
    for (kind, more) in
        [("MaxPool", vec![]), ("AveragePool", vec![]), ("AveragePool", vec![int("count_include_pad", 1)])]
    {
        let mut graph = Graph::new(&[4, 7, 7]);
        let y = graph.op(kind, &["x"], &[window.to_vec(), more].concat());
        let plan = graph.plan(&y, &[4, 4, 4]);
        assert_eq!(kinds(&plan), [("pool", 1)], "{plan}");
    }
}

#[test]
fn parts_are_put_together_and_taken_apart() {
    let mut graph = Graph::new(&[4, 6]);
    let (starts, ends, axes) = (graph.integers(&[1]), graph.integers(&[3]), graph.integers(&[1]));
    let part = graph.op("Slice", &["x", &starts, &ends, &axes], &[]);
    let doubled = graph.op("Add", &[&part, &part], &[]);
    let whole = graph.op("Concat", &["x", &doubled], &[int("axis", 1)]);
    let y = graph.op("Tanh", &[&whole], &[]);
    graph.plan(&y, &[6, 6]);
}

#[test]
fn axes_that_no_strides_say_are_copied() {
    let mut graph = Graph::new(&[4, 6]);
    let turned = graph.op("Transpose", &["x"], &[ints("perm", &[0, 2, 1])]);
    let shape = graph.integers(&[0, 8, 3]);
    let y = graph.op("Reshape", &[&turned, &shape], &[]);
    let weight = graph.weight(&[3, 4]);
    let y = graph.op("MatMul", &[&y, &weight], &[]);
    graph.plan(&y, &[8, 4]);
}

#[test]
fn batched_products_of_two_inputs() {
    let mut graph = Graph::new(&[2, 5, 4]);
    let turned = graph.op("Transpose", &["x"], &[ints("perm", &[0, 1, 3, 2])]);
    let y = graph.op("MatMul", &["x", &turned], &[]);
    let plan = graph.plan(&y, &[2, 5, 5]);
    let Op::Product(product) = &plan.steps[0].op else { panic!("expected a product: {plan}") };
    assert_eq!((&*product.batch, product.m, product.n, product.k), (&[6][..], 5, 5, 4), "{plan}");
}

#[test]
fn whole_numbers_are_those_of_the_model() {
    let mut graph = Graph::new(&[5]);
    let fifty = graph.scalar(50.0);
    let scaled = graph.op("Mul", &["x", &fifty], &[]);
    let narrow = graph.op("Cast", &[&scaled], &[int("to", 3)]);
    let sum = graph.op("Add", &[&narrow, &narrow], &[]);
    let y = graph.op("Cast", &[&sum], &[int("to", 1)]);
    graph.plan(&y, &[5]);
}

#[test]
fn all_that_is_unsupported_is_listed_with_reasons() {
    let mut graph = Graph::new(&[5]);
    let name = graph.name();
    let axis = graph.builder.constant(&name, &Tensor::from_vec([], vec![1_i64]).unwrap());
    let sums = graph.op("CumSum", &["x", &axis], &[]);
    let name = graph.name();
    graph.builder.node(&name, "ArgMax", &[&sums], &[int("axis", 1)]);
    let y = graph.op("Cast", &[&name], &[int("to", 1)]);
    let model = graph.finish(&y, &[1]);
    match Source::new(&model).unwrap().plan_rows(2, Precision::Fp32) {
        Err(error @ PlanError::Unsupported { .. }) => {
            let text = error.to_string();
            assert!(text.contains("ArgMax") && text.contains("CumSum"), "{text}");
            assert!(error.into_backend_error("cuda").to_string().starts_with("cuda cannot run this model"));
        }
        other => panic!("expected that it has no plan, got {other:?}"),
    }
}
