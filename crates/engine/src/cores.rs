use crate::EngineError;

/// Lanes that are opened before a lane gets a second thread: two batches on a thread each are done sooner than two,
/// one after the other, on two threads, but every lane more makes the batches smaller.
const LANES_MAX: usize = 4;

/// Cores that this process may use: the cgroup's quota and the affinity mask count, not the host's cores.
pub(crate) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Lanes and threads of a run, shared out over the cores that this process may use.
pub(crate) fn share_out(lanes: Option<usize>, threads: Option<usize>) -> Result<(usize, usize), EngineError> {
    for (option, value) in [("lanes", lanes), ("threads", threads)] {
        if value == Some(0) {
            return Err(EngineError::invalid_option(option, "at least 1", 0));
        }
    }
    let cores = available();
    Ok(match (lanes, threads) {
        (Some(lanes), Some(threads)) => (lanes, threads),
        (Some(lanes), None) => (lanes, (cores / lanes).max(1)),
        (None, Some(threads)) => ((cores / threads).max(1), threads),
        (None, None) => {
            let lanes = cores.min(LANES_MAX);
            (lanes, cores / lanes)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_kept_and_the_rest_shares_the_cores() {
        assert_eq!(share_out(Some(3), Some(5)), Ok((3, 5)));
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(share_out(Some(1), None), Ok((1, cores)));
        assert_eq!(share_out(None, Some(1)), Ok((cores, 1)));
        let (lanes, threads) = share_out(None, None).unwrap();
        assert!(lanes >= 1 && threads >= 1 && lanes * threads <= cores);
        assert!(share_out(Some(0), None).is_err());
    }
}
