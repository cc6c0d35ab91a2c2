use std::fmt;
use std::sync::Arc;

use crate::{DType, Shape};

/// One axis of a model's input or output.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    /// Always this size.
    Fixed(usize),
    /// Any size; axes that carry the same name have the same size.
    Symbol(Arc<str>),
    /// Any size, related to nothing.
    Unknown,
}

impl Dim {
    /// The size, where it is fixed.
    #[must_use]
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Symbol(_) | Self::Unknown => None,
        }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Symbol(name) => f.write_str(name),
            Self::Unknown => f.write_str("?"),
        }
    }
}

/// Name, dtype and axes of one input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// The name in the model.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its axes; `None` where the model does not even say how many there are.
    pub dims: Option<Vec<Dim>>,
}

impl TensorInfo {
    /// Whether `shape` is one this entry allows (named axes are not compared with each other).
    #[must_use]
    pub fn accepts(&self, shape: &Shape) -> bool {
        self.dims.as_ref().is_none_or(|dims| {
            dims.len() == shape.len()
                && dims
                    .iter()
                    .zip(shape.iter())
                    .all(|(dim, &size)| dim.fixed().is_none_or(|fixed| fixed == size))
        })
    }

    /// The axes as text: `[batch, 256]`, or `[...]` where the rank is unknown.
    #[must_use]
    pub fn dims_text(&self) -> String {
        match &self.dims {
            None => "[...]".to_owned(),
            Some(dims) => {
                let axes: Vec<String> = dims.iter().map(Dim::to_string).collect();
                format!("[{}]", axes.join(", "))
            }
        }
    }
}

impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.dtype, self.dims_text())
    }
}

/// What the axis 0 of a model's inputs and outputs allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchAxis {
    /// Dynamic everywhere: any number of rows.
    Dynamic,
    /// The same fixed size everywhere: always this many rows, padded where fewer are there.
    Fixed(usize),
    /// No batch axis: one request a run. The text says why.
    None(String),
}

/// The inputs and outputs of a model, in its own order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Signature {
    /// What it takes.
    pub inputs: Vec<TensorInfo>,
    /// What it gives.
    pub outputs: Vec<TensorInfo>,
}

impl Signature {
    /// Whether axis 0 can be used as the batch axis, judged by the declared shapes alone.
    #[must_use]
    pub fn batch_axis(&self) -> BatchAxis {
        let mut fixed: Option<(usize, &str)> = None;
        let mut dynamic: Option<&str> = None;
        for (kind, info) in self.entries() {
            if info.dtype == DType::String {
                return BatchAxis::None(format!("{kind} {:?} holds strings", info.name));
            }
            match info.dims.as_deref() {
                None => return BatchAxis::None(format!("{kind} {:?} has no declared shape", info.name)),
                Some([]) => return BatchAxis::None(format!("{kind} {:?} is a scalar", info.name)),
                Some([Dim::Fixed(size), ..]) => match fixed {
                    Some((other, name)) if other != *size => {
                        return BatchAxis::None(format!(
                            "axis 0 is {other} in {name:?} and {size} in {:?}",
                            info.name
                        ));
                    }
                    _ => fixed = Some((*size, &info.name)),
                },
                Some(_) => dynamic = Some(&info.name),
            }
        }
        match (fixed, dynamic) {
            (None, None) => BatchAxis::None("the model has neither inputs nor outputs".to_owned()),
            (None, Some(_)) if self.inputs.is_empty() => {
                BatchAxis::None("the model has no inputs".to_owned())
            }
            (None, Some(_)) => BatchAxis::Dynamic,
            (Some((0, name)), None) => BatchAxis::None(format!("axis 0 of {name:?} has size 0")),
            (Some((size, _)), None) => BatchAxis::Fixed(size),
            (Some((size, name)), Some(other)) => {
                BatchAxis::None(format!("axis 0 is fixed at {size} in {name:?} but dynamic in {other:?}"))
            }
        }
    }

    /// Position of the input called `name`.
    #[must_use]
    pub fn input_index(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|info| info.name == name)
    }

    /// Position of the output called `name`.
    #[must_use]
    pub fn output_index(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|info| info.name == name)
    }

    fn entries(&self) -> impl Iterator<Item = (&'static str, &TensorInfo)> {
        let inputs = self.inputs.iter().map(|info| ("input", info));
        inputs.chain(self.outputs.iter().map(|info| ("output", info)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(name: &str, dims: Option<Vec<Dim>>) -> TensorInfo {
        TensorInfo { name: name.to_owned(), dtype: DType::F32, dims }
    }

    fn signature(input: Vec<Dim>, output: Vec<Dim>) -> Signature {
        Signature { inputs: vec![info("x", Some(input))], outputs: vec![info("y", Some(output))] }
    }

    #[test]
    fn the_batch_axis_is_dynamic_only_when_all_agree() {
        let batch = || Dim::Symbol("batch".into());
        assert_eq!(
            signature(vec![batch(), Dim::Fixed(3)], vec![Dim::Unknown, Dim::Fixed(2)]).batch_axis(),
            BatchAxis::Dynamic
        );
        assert_eq!(
            signature(vec![Dim::Fixed(8), Dim::Fixed(3)], vec![Dim::Fixed(8)]).batch_axis(),
            BatchAxis::Fixed(8)
        );
        for (input, output, why) in [
            (vec![batch()], vec![Dim::Fixed(1)], "fixed at 1 in \"y\" but dynamic in \"x\""),
            (vec![Dim::Fixed(2)], vec![Dim::Fixed(1)], "2 in \"x\" and 1 in \"y\""),
            (vec![], vec![batch()], "input \"x\" is a scalar"),
        ] {
            match signature(input, output).batch_axis() {
                BatchAxis::None(reason) => assert!(reason.contains(why), "{reason}"),
                other => panic!("expected none, got {other:?}"),
            }
        }
    }

    #[test]
    fn accepts_compares_fixed_axes_only() {
        let entry = info("x", Some(vec![Dim::Symbol("batch".into()), Dim::Fixed(3)]));
        assert!(entry.accepts(&Shape::from([7, 3])));
        assert!(!entry.accepts(&Shape::from([7, 4])));
        assert!(!entry.accepts(&Shape::from([7])));
        assert_eq!(entry.to_string(), "x f32 [batch, 3]");
    }
}
