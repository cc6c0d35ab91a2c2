use phalanx_backend::Precision;
use phalanx_tensor::{DType, Tensor};

use super::alter::alter;
use crate::draw::InputRange;
use crate::verify::Setup;
use crate::{MeasureError, Samples};

/// Samples that an extreme is made of.
const SAMPLES: usize = 4;

/// What ordinary inputs are multiplied by to be large, or huge. Beyond it softmax and norms magnify roundings, so that
/// correct backends differ; in half precision sums overflow.
const LARGE: f64 = 4.0;
const HUGE: f64 = 16.0;

/// The extreme that half precision is spared.
const HUGE_NAME: &str = "huge";

/// What makes ordinary inputs so small that single precision holds them with few digits, or none.
const TINY: f64 = 1e-38;

/// Inputs far from the ordinary, by their names: `zeros`, `tiny`, `large` and `huge`, or where an input has a range its
/// lowest and its highest value. Integers without a range stay as they are: others may be no valid ids.
pub(super) fn extremes(setup: &Setup) -> Result<Vec<(&'static str, Samples)>, MeasureError> {
    let kinds: [(&str, Kind); 4] = [
        ("zeros", Kind { factor: 0.0, end: |range| range.low }),
        ("tiny", Kind { factor: TINY, end: |range| range.low }),
        ("large", Kind { factor: LARGE, end: last }),
        (HUGE_NAME, Kind { factor: HUGE, end: last }),
    ];
    let mut all = Vec::new();
    for (name, kind) in kinds {
        let samples = (0..SAMPLES.min(setup.samples.len()))
            .map(|index| kind.sample(setup, setup.samples.get(index)))
            .collect::<Result<Vec<_>, _>>()?;
        if samples.iter().enumerate().any(|(index, sample)| sample != setup.samples.get(index)) {
            all.push((name, Samples::of(samples, setup.samples.batched())?));
        }
    }
    Ok(all)
}

/// Whether answers to these inputs can be expected of this precision.
pub(super) fn is_within(precision: Precision, name: &str) -> bool {
    name != HUGE_NAME || matches!(precision, Precision::Fp32 | Precision::Tf32)
}

/// One way of being extreme.
struct Kind {
    /// Of floats without a range.
    factor: f64,
    /// Of a range.
    end: fn(&InputRange) -> f64,
}

impl Kind {
    fn sample(&self, setup: &Setup, ordinary: &[Tensor]) -> Result<Vec<Tensor>, MeasureError> {
        let inputs = setup.model.signature().inputs.iter().zip(ordinary);
        let altered = inputs.map(|(info, tensor)| {
            let range = setup.draw.as_ref().and_then(|draw| draw.ranges.get(&info.name));
            match range {
                Some(range) => alter(tensor, |_| (self.end)(range)),
                None if is_float(tensor) => alter(tensor, |x| x * self.factor),
                None => Ok(tensor.clone()),
            }
        });
        altered.collect()
    }
}

/// The last integer of a range; for floats as good as any near its end.
fn last(range: &InputRange) -> f64 {
    (range.high.ceil() - 1.0).max(range.low)
}

pub(super) fn is_float(tensor: &Tensor) -> bool {
    matches!(tensor.dtype(), DType::F16 | DType::BF16 | DType::F32 | DType::F64)
}
