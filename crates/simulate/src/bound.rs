use crate::{Served, Setup};

/// b*/l(b*) of all devices, in requests a second, b* the largest batch of which two fit into the SLO: what they can do
/// at most if nobody is late, where a request may just have missed a batch and rides the next.
///
/// Of several models that share the devices it is the rate at which all of them together keep these busy.
#[must_use]
pub fn bound_per_s(setup: &Setup) -> f64 {
    together(setup, |served| {
        let two_fit = |rows: &usize| 2.0 * served.times.run_ns(*rows) <= served.slo_ns as f64;
        let rows = (1..=served.rows_max).rev().find(two_fit).unwrap_or(1);
        rows as f64 / served.times.run_ns(rows)
    })
}

/// The rate in requests a second that no rule can answer more than, however clairvoyant: no batch whose first request is
/// answered in time takes longer than the SLO, so no device ever does more than b̂/l(b̂), b̂ the most efficient of the
/// batches that fit into it. Where batch times vary, their mean counts.
#[must_use]
pub fn oracle_per_s(setup: &Setup) -> f64 {
    together(setup, |served| {
        let slo_ns = latest_ns(served);
        let fit = (1..=served.rows_max).filter(|rows| served.times.run_ns(*rows) <= slo_ns);
        let best = fit.map(|rows| rows as f64 / served.times.run_ns(rows)).fold(0.0, f64::max);
        let best = if best > 0.0 { best } else { 1.0 / served.times.run_ns(1) };
        best / served.noise.mean()
    })
}

/// The longest that any of the model's requests may take.
fn latest_ns(served: &Served) -> f64 {
    let allowed = served.classes.iter().map(|class| class.deadline_ns.unwrap_or(served.slo_ns));
    allowed.max().unwrap_or(served.slo_ns) as f64
}

/// The rate at which the devices are busy when each model's rows run at the rate that `rows_per_ns` gives.
fn together(setup: &Setup, rows_per_ns: impl Fn(&Served) -> f64) -> f64 {
    let total: f64 = setup.served.iter().map(|served| served.share).sum();
    let busy_ns: f64 = setup
        .served
        .iter()
        .map(|served| served.share / total * served.rows_mean() / rows_per_ns(served))
        .sum();
    setup.devices as f64 * 1e9 / busy_ns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Times;

    fn served(alpha_ms: f64, beta_ms: f64, slo_ms: u64) -> Served {
        let times = Times::line(alpha_ms * 1e6, beta_ms * 1e6).unwrap();
        Served { slo_ns: slo_ms * 1_000_000, ..Served::new("model", times) }
    }

    #[test]
    fn two_batches_fit_into_the_slo() {
        let one = Setup { devices: 1, served: vec![served(0.5, 4.0, 50)] };
        // b* is 42: 25 ms.
        assert!((bound_per_s(&one) - 42.0 / 0.025).abs() < 1e-6);
        // b̂ is 92: 50 ms.
        assert!((oracle_per_s(&one) - 92.0 / 0.05).abs() < 1e-6);
        let two = Setup { devices: 3, ..one.clone() };
        assert!((bound_per_s(&two) - 3.0 * bound_per_s(&one)).abs() < 1e-6);
    }

    #[test]
    fn models_share_the_devices() {
        let fast = served(0.5, 4.0, 50);
        let slow = Served { share: 3.0, ..served(1.0, 8.0, 100) };
        let both = Setup { devices: 1, served: vec![fast.clone(), slow.clone()] };
        let alone = |served: Served| bound_per_s(&Setup { devices: 1, served: vec![served] });
        let expected = 1.0 / (0.25 / alone(fast) + 0.75 / alone(slow));
        assert!((bound_per_s(&both) - expected).abs() < 1e-6);
    }

    #[test]
    fn where_nothing_fits_batches_of_one_row_are_the_bound() {
        let late = Setup { devices: 1, served: vec![served(1.0, 9.0, 5)] };
        assert!((bound_per_s(&late) - 100.0).abs() < 1e-9 && (oracle_per_s(&late) - 100.0).abs() < 1e-9);
    }
}
