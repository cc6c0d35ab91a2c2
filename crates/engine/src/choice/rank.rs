use super::{Timed, Trial, Tried};

/// Times of large batches that differ by less count as the same: then the time of one row decides.
const LARGE_TOLERANCE: f64 = 0.1;

/// The candidates that agreed, by their place in `trials`, the fastest first.
///
/// The large batch decides, since that is what runs under load; among those within a tenth of the best there, the time
/// of a single row. Of equals, the one that was preferred before.
pub(super) fn order(trials: &[Tried]) -> Vec<usize> {
    let mut waiting: Vec<(usize, Timed, Timed)> = trials.iter().enumerate().filter_map(agreed).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let best_ns = waiting.iter().map(|(_, _, large)| large.row_ns()).fold(f64::INFINITY, f64::min);
        let is_close = |large: &Timed| large.row_ns() <= best_ns * (1.0 + LARGE_TOLERANCE);
        let close = waiting.iter().enumerate().filter(|(_, (_, _, large))| is_close(large));
        let Some((place, _)) = close.min_by(|(_, (_, one, _)), (_, (_, other, _))| one.ns.cmp(&other.ns))
        else {
            break;
        };
        ordered.push(waiting.remove(place).0);
    }
    ordered
}

fn agreed((index, tried): (usize, &Tried)) -> Option<(usize, Timed, Timed)> {
    match tried.trial {
        Trial::Agreed { small, large, .. } => Some((index, small, large)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Candidate;
    use phalanx_backend::Device;

    fn ordered(times: &[Option<(u64, u64)>]) -> Vec<usize> {
        let tried = |times: &Option<(u64, u64)>| Tried {
            candidate: Candidate { backend: String::new(), version: String::new(), device: Device::Cpu },
            trial: match *times {
                Some((small, large)) => Trial::Agreed {
                    error_max: None,
                    small: Timed { rows: 1, ns: small },
                    large: Timed { rows: 32, ns: large },
                },
                None => Trial::TimedOut { after_ms: 1 },
            },
        };
        order(&times.iter().map(tried).collect::<Vec<_>>())
    }

    #[test]
    fn the_large_batch_decides_and_of_equals_the_small_one() {
        assert_eq!(ordered(&[Some((10, 4000)), None, Some((50, 1000))]), [2, 0]);
        assert_eq!(ordered(&[Some((50, 1000)), Some((10, 1090)), Some((1, 1200))]), [1, 0, 2]);
        assert_eq!(ordered(&[Some((10, 1000)), Some((10, 1000))]), [0, 1]);
        assert!(ordered(&[None]).is_empty());
    }
}
