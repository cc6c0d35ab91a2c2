//! Element-wise work: one thread a few neighbouring elements.

use std::sync::Arc;

use phalanx_plan::{Kernel, Map, Operand, Plan, ValueId};

use super::error::count;
use super::expression::{self, Expression, Signature, element, pointer};
use super::source;
use super::strand::Lanes;
use super::{Argument, Launch, LowerError};

const THREADS: usize = 256;
/// Most neighbours of one thread.
const WIDTH_MAX: usize = 8;

/// The kernel of a map.
pub(super) fn lower(plan: &Plan, map: &Map, output: ValueId) -> Result<Launch, LowerError> {
    let sorted = Sorted::new(map);
    let groups = [&sorted.shape[..]];
    let dtype = plan.value(output).dtype;
    let expression = Expression::new(plan, &sorted.kernel, &groups, 0).stored_as(dtype);
    let store = expression::strand(&groups, &sorted.store);
    let stored = element(dtype, "a result")?;
    let fits = |width: usize| {
        store.lanes(0, width, map.store_offset) == Some(Lanes::Dense) && expression.allows(width)
    };
    let widest = (16 / dtype.size_bytes().unwrap_or(16).max(1)).clamp(1, WIDTH_MAX);
    let width = source::widest(widest, fits);
    let signature = Signature { name: "Compute", variables: &["at"], width, given: None };
    let class = expression.class(None)?;
    let mut text = source::start();
    text.push_str(&expression.function(&signature)?);
    text.push_str(&source::fill(
        include_str!("cuda/map.cu"),
        &[
            ("STORED", stored),
            ("CLASS", expression::class(class)),
            ("PARAMETERS", &expression.parameters("p")?),
            ("PASSED", &expression.passed("p")),
            ("PLACE", &store.offset(&["at"])),
            ("WIDTH", &width.to_string()),
        ],
    ));
    let total = count("elements of a map", sorted.shape.iter().product::<usize>() / width)?;
    let written = Operand { value: output, offset: map.store_offset, strides: Vec::new() };
    let mut arguments = vec![Argument::Pointer(pointer(plan, &written))];
    arguments.extend(expression.arguments());
    arguments.push(Argument::U32(total));
    Ok(Launch {
        source: Arc::from(text),
        entry: "map",
        grid: [source::blocks(total, THREADS), 1, 1],
        block: [THREADS as u32, 1, 1],
        shared_bytes: 0,
        arguments,
    })
}

/// A map whose axes are in the order in which its result lies in memory, so that neighbours of a thread are neighbours
/// there.
struct Sorted {
    shape: Vec<usize>,
    store: Vec<usize>,
    kernel: Kernel,
}

impl Sorted {
    fn new(map: &Map) -> Self {
        let mut order: Vec<usize> = (0..map.shape.len()).filter(|&axis| map.shape[axis] > 1).collect();
        order.sort_by_key(|&axis| std::cmp::Reverse(map.store[axis]));
        let pick = |list: &[usize]| order.iter().map(|&axis| list[axis]).collect::<Vec<_>>();
        let operands = map.kernel.operands.iter();
        let operands = operands.map(|it| Operand { strides: pick(&it.strides), ..it.clone() }).collect();
        let kernel = Kernel { operands, nodes: map.kernel.nodes.clone() };
        Self { shape: pick(&map.shape), store: pick(&map.store), kernel }
    }
}
