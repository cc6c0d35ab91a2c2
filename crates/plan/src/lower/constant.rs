use bytes::Bytes;
use phalanx_tensor::{DType, Shape, Tensor};
use tract_onnx::tract_core::ops::konst::Const;

use super::{Lowering, Refusal};
use crate::constant::Constant;
use crate::kernel::{Class, Scalar};
use crate::view::View;

/// Elements up to which a constant is looked through for being the same everywhere.
const UNIFORM_ELEMENTS_MAX: usize = 1 << 20;

impl Lowering<'_> {
    pub(super) fn constant(&mut self, op: &Const) -> Result<View, Refusal> {
        let tensor = crate::tract::constant(op.val())?;
        if tensor.shape().contains(&0) {
            return Err("no elements".to_owned());
        }
        let value = self.draft.add_constant(&tensor);
        Ok(View::dense(value, tensor.shape()))
    }
}

/// The number that a constant consists of, where it is the same everywhere.
pub(super) fn uniform(constant: &Constant) -> Option<Scalar> {
    let (tensor, dtype) = (&constant.tensor, constant.tensor.dtype());
    let mut elements = tensor.bytes().chunks_exact(dtype.size_bytes()?);
    let is_small = tensor.shape().elements()? <= UNIFORM_ELEMENTS_MAX;
    let first = elements.next().filter(|_| is_small)?;
    elements.all(|element| element == first).then(|| scalar(dtype, first)).flatten()
}

/// The number in the bytes of one element.
pub(super) fn scalar(dtype: DType, bytes: &[u8]) -> Option<Scalar> {
    macro_rules! read {
        ($type:ty) => {
            bytemuck::try_pod_read_unaligned::<$type>(bytes).ok()?
        };
    }
    Some(match Class::of(dtype)? {
        Class::Boolean => Scalar::Bool(*bytes.first()? != 0),
        Class::Float => Scalar::F32(match dtype {
            DType::F16 => read!(half::f16).to_f32(),
            DType::BF16 => read!(half::bf16).to_f32(),
            _ => read!(f32),
        }),
        Class::Integer => Scalar::I64(match dtype {
            DType::I8 => read!(i8).into(),
            DType::I16 => read!(i16).into(),
            DType::I32 => read!(i32).into(),
            DType::U8 => read!(u8).into(),
            DType::U16 => read!(u16).into(),
            DType::U32 => read!(u32).into(),
            _ => read!(i64),
        }),
    })
}

/// The elements of a view of a constant, densely.
pub(super) fn copied(constant: Option<&Constant>, view: &View, shape: &[usize]) -> Option<Tensor> {
    let axes: Vec<(usize, usize)> =
        view.axes.iter().flatten().map(|factor| (factor.size, factor.stride)).collect();
    gather_constant(&constant?.tensor, view.offset, &axes, shape)
}

/// The elements of a tensor along axes given as (size, stride), as a tensor of this shape.
pub(crate) fn gather_constant(
    tensor: &Tensor,
    offset: usize,
    axes: &[(usize, usize)],
    shape: &[usize],
) -> Option<Tensor> {
    let width = tensor.dtype().size_bytes()?;
    let mut offsets = vec![offset];
    for &(size, stride) in axes {
        offsets = offsets.iter().flat_map(|from| (0..size).map(move |step| from + step * stride)).collect();
    }
    let mut bytes = Vec::with_capacity(offsets.len() * width);
    for offset in offsets {
        bytes.extend_from_slice(tensor.bytes().get(offset * width..(offset + 1) * width)?);
    }
    Tensor::from_bytes(tensor.dtype(), Shape::new(shape), Bytes::from(bytes)).ok()
}
