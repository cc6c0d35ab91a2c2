use super::functions::{binary, unary};
use super::lanes::Lanes;
use super::memory::{Elements, Memory};
use super::walk::offsets;
use crate::kernel::{Kernel, Node};

/// Evaluates a kernel over `shape`; `given` has a number for each index, or one for each run of the last axis.
pub(super) fn evaluate(
    memory: &Memory<'_>,
    kernel: &Kernel,
    shape: &[usize],
    given: Option<&[f32]>,
) -> Lanes {
    let (outer, lanes) = match shape {
        [outer @ .., last] => (outer, *last),
        [] => (shape, 1),
    };
    let operands: Vec<Walked<'_>> = kernel
        .operands
        .iter()
        .map(|operand| Walked {
            elements: memory.elements(operand.value),
            starts: offsets(outer, &operand.strides, operand.offset),
            stride: operand.strides.get(outer.len()).copied().unwrap_or(0),
        })
        .collect();
    let count = outer.iter().product();
    let mut all: Option<Lanes> = None;
    for run in 0..count {
        let mut results: Vec<Lanes> = Vec::with_capacity(kernel.nodes.len());
        for &node in &kernel.nodes {
            let given = given.map(|given| &given[run * lanes..(run + 1) * lanes]);
            results.push(step(node, &results, &operands, given, (run, lanes)));
        }
        let Some(result) = results.pop() else { break };
        match &mut all {
            Some(all) => all.append(&result),
            None => all = Some(result),
        }
    }
    all.unwrap_or(Lanes::Floats(Vec::new()))
}

/// An operand on its way.
struct Walked<'a> {
    elements: Elements<'a>,
    /// Where each run along the last axis begins.
    starts: Vec<usize>,
    stride: usize,
}

impl Walked<'_> {
    fn load(&self, run: usize, lanes: usize, further: impl Fn(usize) -> usize) -> Lanes {
        let start = self.starts[run];
        let places = (0..lanes).map(|lane| start + lane * self.stride + further(lane));
        match &self.elements {
            Elements::Floats(numbers) => Lanes::Floats(places.map(|place| numbers[place]).collect()),
            Elements::Integers(numbers) => Lanes::Integers(places.map(|place| numbers[place]).collect()),
            Elements::Booleans(flags) => Lanes::Booleans(places.map(|place| flags[place] != 0).collect()),
        }
    }
}

fn step(
    node: Node,
    results: &[Lanes],
    operands: &[Walked<'_>],
    given: Option<&[f32]>,
    (run, lanes): (usize, usize),
) -> Lanes {
    match node {
        Node::Given => Lanes::Floats(given.unwrap_or_default().to_vec()),
        Node::Load(operand) => operands[operand].load(run, lanes, |_| 0),
        Node::LoadAt { operand, index, stride, size } => match &results[index] {
            Lanes::Integers(indices) => {
                operands[operand].load(run, lanes, |lane| stride * nearest(indices[lane], size))
            }
            _ => Lanes::Floats(vec![f32::NAN; lanes]),
        },
        Node::Literal(scalar) => Lanes::repeated(scalar, lanes),
        Node::Unary(function, of) => unary(function, &results[of]),
        Node::Binary(function, left, right) => binary(function, &results[left], &results[right]),
        Node::Select { condition, then, otherwise } => {
            select(&results[condition], &results[then], &results[otherwise])
        }
        Node::Cast(dtype, of) => results[of].cast(dtype),
    }
}

/// An index, negative ones from the end, moved into `0..size`.
fn nearest(index: i64, size: usize) -> usize {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let from_start = if index < 0 { index.saturating_add(size) } else { index };
    usize::try_from(from_start.clamp(0, size - 1)).unwrap_or(0)
}

fn select(condition: &Lanes, then: &Lanes, otherwise: &Lanes) -> Lanes {
    let Lanes::Booleans(flags) = condition else { return then.clone() };
    fn each<T: Copy>(flags: &[bool], then: &[T], otherwise: &[T]) -> Vec<T> {
        let pairs = then.iter().zip(otherwise);
        flags
            .iter()
            .zip(pairs)
            .map(|(&flag, (&then, &otherwise))| if flag { then } else { otherwise })
            .collect()
    }
    match (then, otherwise) {
        (Lanes::Floats(then), Lanes::Floats(otherwise)) => Lanes::Floats(each(flags, then, otherwise)),
        (Lanes::Integers(then), Lanes::Integers(otherwise)) => Lanes::Integers(each(flags, then, otherwise)),
        (Lanes::Booleans(then), Lanes::Booleans(otherwise)) => Lanes::Booleans(each(flags, then, otherwise)),
        _ => then.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_stay_inside() {
        for (index, place) in
            [(0, 0), (4, 4), (5, 4), (i64::MAX, 4), (-1, 4), (-5, 0), (-6, 0), (i64::MIN, 0)]
        {
            assert_eq!(nearest(index, 5), place, "{index}");
        }
    }
}
