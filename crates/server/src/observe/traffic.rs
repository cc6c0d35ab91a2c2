use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use phalanx_protocol::grpc::CODES;

/// The smallest and the first too large status of HTTP.
const STATUS_MIN: u16 = 100;
const STATUS_END: u16 = 600;

/// Answers sent, by how they ended.
#[derive(Debug)]
pub(crate) struct Traffic {
    http: [AtomicU64; (STATUS_END - STATUS_MIN) as usize],
    grpc: [AtomicU64; CODES.len()],
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            http: [const { AtomicU64::new(0) }; (STATUS_END - STATUS_MIN) as usize],
            grpc: Default::default(),
        }
    }
}

impl Traffic {
    /// An answer over HTTP.
    pub(crate) fn count_http(&self, status: StatusCode) {
        if let Some(count) = self.http.get(usize::from(status.as_u16().wrapping_sub(STATUS_MIN))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The end of a gRPC call; `code` by its number.
    pub(crate) fn count_grpc(&self, code: i32) {
        if let Some(count) = usize::try_from(code).ok().and_then(|code| self.grpc.get(code)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Answers over HTTP by status; without those that never occurred, but for 200.
    pub(crate) fn http(&self) -> Vec<(u16, u64)> {
        let counts =
            (STATUS_MIN..).zip(&self.http).map(|(status, count)| (status, count.load(Ordering::Relaxed)));
        counts.filter(|&(status, count)| count > 0 || status == StatusCode::OK).collect()
    }

    /// gRPC calls by their code's name; without codes that never occurred, but for `OK`.
    pub(crate) fn grpc(&self) -> Vec<(&'static str, u64)> {
        let counts = CODES.iter().zip(&self.grpc).map(|(&name, count)| (name, count.load(Ordering::Relaxed)));
        counts.filter(|&(name, count)| count > 0 || name == CODES[0]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_how_they_ended() {
        let traffic = Traffic::default();
        for status in [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS, StatusCode::TOO_MANY_REQUESTS] {
            traffic.count_http(status);
        }
        assert_eq!(traffic.http(), [(200, 1), (429, 2)]);
        assert_eq!(traffic.grpc(), [("OK", 0)]);
        traffic.count_grpc(8);
        traffic.count_grpc(16);
        assert_eq!(traffic.grpc(), [("OK", 0), ("RESOURCE_EXHAUSTED", 1), ("UNAUTHENTICATED", 1)]);
    }

    #[test]
    fn what_is_no_status_is_not_counted() {
        let traffic = Traffic::default();
        traffic.count_http(StatusCode::from_u16(999).unwrap());
        traffic.count_grpc(17);
        traffic.count_grpc(-1);
        assert_eq!((traffic.http(), traffic.grpc()), (vec![(200, 0)], vec![("OK", 0)]));
    }
}
