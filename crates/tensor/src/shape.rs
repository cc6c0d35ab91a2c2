use std::fmt;
use std::ops::Deref;

use smallvec::SmallVec;

use crate::{DType, TensorError};

/// Known dimensions, outermost first. Up to six live inline, so that a request's path allocates nothing for them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Shape(SmallVec<[usize; 6]>);

impl Shape {
    /// A shape of these dimensions; an empty slice is a scalar's.
    #[must_use]
    pub fn new(dims: &[usize]) -> Self {
        Self(SmallVec::from_slice(dims))
    }

    /// This shape with `rows` put before it as axis 0.
    #[must_use]
    pub fn with_rows(&self, rows: usize) -> Self {
        let mut dims = SmallVec::with_capacity(self.0.len() + 1);
        dims.push(rows);
        dims.extend_from_slice(&self.0);
        Self(dims)
    }

    /// All axes but axis 0: the shape of one row. A scalar has none.
    #[must_use]
    pub fn tail(&self) -> Self {
        Self::new(self.0.get(1..).unwrap_or(&[]))
    }

    /// Number of elements, or `None` where the product overflows.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        self.0.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim))
    }

    /// Bytes of a tensor of this shape.
    ///
    /// # Errors
    /// [`TensorError::TooLarge`] where the size overflows or `dtype` has no fixed size.
    pub fn size_bytes(&self, dtype: DType) -> Result<usize, TensorError> {
        let too_large = || TensorError::TooLarge { shape: self.clone(), dtype };
        let element = dtype.size_bytes().ok_or_else(too_large)?;
        self.elements()
            .and_then(|elements| elements.checked_mul(element))
            .filter(|&bytes| isize::try_from(bytes).is_ok())
            .ok_or_else(too_large)
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(dims: I) -> Self {
        Self(dims.into_iter().collect())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Self::new(&dims)
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Self::new(dims)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (axis, dim) in self.0.iter().enumerate() {
            if axis > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_that_overflows_is_an_error_not_a_wrap() {
        let absurd = Shape::from([usize::MAX, 2]);
        assert_eq!(absurd.elements(), None);
        assert!(matches!(absurd.size_bytes(DType::U8), Err(TensorError::TooLarge { .. })));
        assert!(Shape::from([usize::MAX / 4]).size_bytes(DType::F64).is_err());
    }

    #[test]
    fn a_zero_dimension_makes_an_empty_tensor() {
        assert_eq!(Shape::from([3, 0, 2]).size_bytes(DType::F32), Ok(0));
    }

    #[test]
    fn tail_and_rows_are_inverse() {
        let shape = Shape::from([4, 3, 2]);
        assert_eq!(shape.tail().with_rows(4), shape);
        assert_eq!(Shape::default().tail(), Shape::default());
        assert_eq!(shape.to_string(), "[4, 3, 2]");
    }
}
