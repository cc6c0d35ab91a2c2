use phalanx_backend::{Buckets, Device};
use phalanx_tensor::BatchAxis;

/// The row counts that a model with this batch axis runs on `device`.
///
/// The CPU's kernels take any. A GPU's are made or tuned for each shape (WebGPU compiles, CUDA searches for the fastest
/// convolution, CoreML takes static shapes only), so there they are few.
pub(super) fn buckets(axis: &BatchAxis, device: Device, rows_max: usize) -> Buckets {
    match (axis, device) {
        (BatchAxis::Dynamic, Device::Cpu) => Buckets::Any(rows_max),
        (BatchAxis::Dynamic, _) => Buckets::Fixed(powers_of_two(rows_max)),
        (BatchAxis::Fixed(rows), _) => Buckets::Fixed(vec![*rows]),
        (BatchAxis::None(_), _) => Buckets::Fixed(vec![1]),
    }
}

fn powers_of_two(rows_max: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(1_usize), |power| power.checked_mul(2));
    powers.take_while(|&power| power < rows_max).chain([rows_max]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_gets_powers_of_two_and_the_largest() {
        assert_eq!(powers_of_two(1), [1]);
        assert_eq!(powers_of_two(8), [1, 2, 4, 8]);
        assert_eq!(powers_of_two(100), [1, 2, 4, 8, 16, 32, 64, 100]);
    }

    #[test]
    fn the_cpu_takes_any_number_of_rows() {
        assert_eq!(buckets(&BatchAxis::Dynamic, Device::Cpu, 24), Buckets::Any(24));
        assert_eq!(buckets(&BatchAxis::Fixed(8), Device::Cpu, 24), Buckets::Fixed(vec![8]));
        assert_eq!(buckets(&BatchAxis::None(String::new()), Device::WebGpu, 24), Buckets::Fixed(vec![1]));
    }
}
