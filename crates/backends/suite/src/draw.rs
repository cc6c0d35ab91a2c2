use half::{bf16, f16};
use phalanx_tensor::{DType, Dim, Shape, Signature, Tensor};

/// A seeded source of numbers (SplitMix64, Steele et al. 2014): the same on every machine.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// A source that is a function of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in `0..end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end.max(1) as u64) as usize
    }

    /// Uniform in -1..1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    /// A random order of `0..len`.
    pub fn order(&mut self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        for last in (1..len).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }

    /// A tensor of `shape`: floats uniform in -1..1, integers and booleans 0 or 1 (valid as token ids and as
    /// indices of any table with two rows), strings of up to five letters.
    #[must_use]
    pub fn tensor(&mut self, dtype: DType, shape: &Shape) -> Tensor {
        let len = shape.elements().expect("a test's shape is small");
        macro_rules! tensor {
            ($value:expr) => {
                Tensor::from_vec(shape.clone(), (0..len).map(|_| $value).collect::<Vec<_>>())
            };
        }
        let tensor = match dtype {
            DType::F16 => tensor!(f16::from_f32(self.unit())),
            DType::BF16 => tensor!(bf16::from_f32(self.unit())),
            DType::F32 => tensor!(self.unit()),
            DType::F64 => tensor!(f64::from(self.unit())),
            DType::I8 => tensor!(self.below(2) as i8),
            DType::I16 => tensor!(self.below(2) as i16),
            DType::I32 => tensor!(self.below(2) as i32),
            DType::I64 => tensor!(self.below(2) as i64),
            DType::U8 => tensor!(self.below(2) as u8),
            DType::U16 => tensor!(self.below(2) as u16),
            DType::U32 => tensor!(self.below(2) as u32),
            DType::U64 => tensor!(self.below(2) as u64),
            DType::Bool => {
                let bytes: Vec<u8> = (0..len).map(|_| self.below(2) as u8).collect();
                Tensor::from_bytes(dtype, shape.clone(), bytes.into())
            }
            DType::String => Tensor::from_strings(shape.clone(), (0..len).map(|_| self.text()).collect()),
            other => panic!("no way to draw {other}"),
        };
        tensor.expect("as many values as the shape holds were drawn")
    }

    /// Inputs for a model of this signature with `rows` rows; every other free axis has size `free`.
    #[must_use]
    pub fn inputs(&mut self, signature: &Signature, rows: usize, free: usize) -> Vec<Tensor> {
        let inputs = signature.inputs.iter();
        inputs
            .map(|info| {
                let dims = info.dims.clone().unwrap_or_else(|| vec![Dim::Unknown]);
                let sizes = dims.iter().enumerate();
                let shape: Shape = sizes
                    .map(|(axis, dim)| dim.fixed().unwrap_or(if axis == 0 { rows } else { free }))
                    .collect();
                self.tensor(info.dtype, &shape)
            })
            .collect()
    }

    fn text(&mut self) -> String {
        let len = self.below(6);
        (0..len).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }
}
