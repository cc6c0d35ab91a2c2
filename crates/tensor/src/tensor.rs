use std::sync::Arc;

use bytes::Bytes;

use crate::{DType, Element, Shape, TensorError};

/// An owned, immutable, reference-counted tensor on the host, in row-major order and native byte order.
///
/// Cloning shares the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    dtype: DType,
    shape: Shape,
    data: Data,
}

#[derive(Clone, Debug, PartialEq)]
enum Data {
    Bytes(Bytes),
    Strings(Arc<[String]>),
}

/// Keeps a `Vec<T>` as the owner of its bytes, so that they stay aligned for `T`.
struct OwnedElements<T>(Vec<T>);

impl<T: Element> AsRef<[u8]> for OwnedElements<T> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl Tensor {
    /// Takes over `values` without copying them.
    ///
    /// # Errors
    /// [`TensorError::Length`] unless `shape` has as many elements as `values`.
    pub fn from_vec<T: Element>(shape: impl Into<Shape>, values: Vec<T>) -> Result<Self, TensorError> {
        let shape = shape.into();
        check_length(&shape, T::DTYPE, values.len())?;
        Ok(Self { dtype: T::DTYPE, shape, data: Data::Bytes(Bytes::from_owner(OwnedElements(values))) })
    }

    /// A tensor over bytes in native byte order.
    ///
    /// # Errors
    /// [`TensorError::TooLarge`] or [`TensorError::Length`] unless `bytes` is exactly what `shape` demands;
    /// [`TensorError::WrongDType`] for [`DType::String`], which has no byte form.
    pub fn from_bytes(dtype: DType, shape: impl Into<Shape>, bytes: Bytes) -> Result<Self, TensorError> {
        let shape = shape.into();
        let element =
            dtype.size_bytes().ok_or(TensorError::WrongDType { expected: DType::U8, got: DType::String })?;
        let expected = shape.size_bytes(dtype)?;
        if expected != bytes.len() {
            return Err(TensorError::Length {
                shape,
                dtype,
                expected: expected / element,
                got: bytes.len() / element,
            });
        }
        Ok(Self { dtype, shape, data: Data::Bytes(bytes) })
    }

    /// A tensor of strings.
    ///
    /// # Errors
    /// [`TensorError::Length`] unless `shape` has as many elements as `values`.
    pub fn from_strings(shape: impl Into<Shape>, values: Vec<String>) -> Result<Self, TensorError> {
        let shape = shape.into();
        check_length(&shape, DType::String, values.len())?;
        Ok(Self { dtype: DType::String, shape, data: Data::Strings(values.into()) })
    }

    /// A tensor of zeros, in memory aligned for its elements.
    ///
    /// # Errors
    /// [`TensorError::TooLarge`] where the size overflows or `dtype` is [`DType::String`].
    pub fn zeros(dtype: DType, shape: impl Into<Shape>) -> Result<Self, TensorError> {
        let shape = shape.into();
        let bytes = shape.size_bytes(dtype)?;
        Ok(Self { dtype, shape, data: Data::Bytes(Bytes::from_owner(crate::HostBuffer::heap(bytes))) })
    }

    /// The element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The dimensions.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Size of axis 0; 1 for a scalar.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// The raw bytes; empty for strings.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.data {
            Data::Bytes(bytes) => bytes,
            Data::Strings(_) => &[],
        }
    }

    /// The elements of a tensor of strings.
    #[must_use]
    pub fn strings(&self) -> Option<&[String]> {
        match &self.data {
            Data::Bytes(_) => None,
            Data::Strings(values) => Some(values),
        }
    }

    /// Bytes that this tensor keeps in memory, as limits count them.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        match &self.data {
            Data::Bytes(bytes) => bytes.len(),
            Data::Strings(values) => {
                values.iter().map(|text| text.len() + std::mem::size_of::<String>()).sum()
            }
        }
    }

    /// The elements, in place.
    ///
    /// # Errors
    /// [`TensorError::WrongDType`] for another type than it holds, [`TensorError::Unaligned`] where the bytes
    /// (taken off the network, say) are not aligned for it: [`Tensor::to_vec`] copies them instead.
    pub fn as_slice<T: Element>(&self) -> Result<&[T], TensorError> {
        self.check_dtype::<T>()?;
        bytemuck::try_cast_slice(self.bytes()).map_err(|_| TensorError::Unaligned { dtype: self.dtype })
    }

    /// A copy of the elements.
    ///
    /// # Errors
    /// [`TensorError::WrongDType`] for another type than it holds.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, TensorError> {
        self.check_dtype::<T>()?;
        Ok(bytemuck::pod_collect_to_vec(self.bytes()))
    }

    /// Rows `start..end` along axis 0, sharing this tensor's data.
    ///
    /// # Errors
    /// [`TensorError::RowsOutOfRange`] for rows that are not there.
    pub fn slice_rows(&self, start: usize, end: usize) -> Result<Self, TensorError> {
        let rows = self.rows();
        if start > end || end > rows || self.shape.is_empty() {
            return Err(TensorError::RowsOutOfRange { start, end, rows });
        }
        let shape = self.shape.tail().with_rows(end - start);
        let data = match &self.data {
            Data::Bytes(bytes) => {
                let row_bytes = bytes.len().checked_div(rows).unwrap_or(0);
                Data::Bytes(bytes.slice(start * row_bytes..end * row_bytes))
            }
            Data::Strings(values) => {
                let row = values.len().checked_div(rows).unwrap_or(0);
                Data::Strings(values[start * row..end * row].into())
            }
        };
        Ok(Self { dtype: self.dtype, shape, data })
    }

    fn check_dtype<T: Element>(&self) -> Result<(), TensorError> {
        if self.dtype == T::DTYPE || (self.dtype == DType::Bool && T::DTYPE == DType::U8) {
            Ok(())
        } else {
            Err(TensorError::WrongDType { expected: T::DTYPE, got: self.dtype })
        }
    }
}

fn check_length(shape: &Shape, dtype: DType, got: usize) -> Result<(), TensorError> {
    match shape.elements() {
        None => Err(TensorError::TooLarge { shape: shape.clone(), dtype }),
        Some(expected) if expected != got => {
            Err(TensorError::Length { shape: shape.clone(), dtype, expected, got })
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_share_the_data() {
        let tensor = Tensor::from_vec([3, 2], vec![1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let middle = tensor.slice_rows(1, 2).unwrap();
        assert_eq!(middle.as_slice::<f32>().unwrap(), [3.0, 4.0]);
        assert_eq!(middle.bytes().as_ptr(), tensor.bytes()[8..].as_ptr());
        assert!(tensor.slice_rows(2, 4).is_err());
        assert_eq!(tensor.slice_rows(1, 1).unwrap().rows(), 0);
    }

    #[test]
    fn lengths_and_dtypes_are_checked() {
        assert!(matches!(
            Tensor::from_vec([2, 2], vec![1_i64; 3]),
            Err(TensorError::Length { expected: 4, got: 3, .. })
        ));
        assert!(Tensor::from_bytes(DType::F32, [2], Bytes::from_static(&[0; 7])).is_err());
        assert!(Tensor::from_bytes(DType::String, [1], Bytes::new()).is_err());
        let tensor = Tensor::from_vec([1], vec![7_i64]).unwrap();
        assert!(matches!(tensor.as_slice::<f32>(), Err(TensorError::WrongDType { .. })));
    }

    #[test]
    fn unaligned_bytes_can_still_be_copied_out() {
        let raw = Bytes::from(vec![0_u8; 17]);
        let offset = usize::from((raw.as_ptr() as usize).is_multiple_of(2));
        let tensor = Tensor::from_bytes(DType::I64, [2], raw.slice(offset..offset + 16)).unwrap();
        assert!(matches!(tensor.as_slice::<i64>(), Err(TensorError::Unaligned { .. })));
        assert_eq!(tensor.to_vec::<i64>().unwrap(), [0, 0]);
    }

    #[test]
    fn strings_slice_by_row() {
        let tensor = Tensor::from_strings([2, 1], vec!["a".into(), "b".into()]).unwrap();
        assert_eq!(tensor.slice_rows(1, 2).unwrap().strings().unwrap(), ["b"]);
    }
}
