use super::rng::Rng;

/// When requests come, at a mean gap of 1, to be scaled to any rate. The same gaps at every rate make the share of
/// late requests grow smoothly with it.
pub(crate) struct Load {
    times: Vec<f64>,
}

impl Load {
    /// Arrivals whose gaps are Gamma-distributed: shape 1 is Poisson, 0.1 comes in bursts.
    pub(crate) fn gamma(shape: f64, requests: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut time = 0.0;
        let times = std::iter::repeat_with(|| {
            time += rng.gamma_mean_1(shape);
            time
        });
        Self { times: times.take(requests).collect() }
    }

    pub(crate) fn requests(&self) -> usize {
        self.times.len()
    }

    /// When the request of this index comes, in nanoseconds, at `rate_per_ms` requests a millisecond.
    pub(crate) fn arrival_ns(&self, index: usize, rate_per_ms: f64) -> u64 {
        (self.times[index] / rate_per_ms * 1e6) as u64
    }
}
