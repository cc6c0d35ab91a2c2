//! Waiting for an instant more precisely than the event loop's own timers, which count milliseconds.

#[cfg(any(test, not(target_os = "linux")))]
mod thread;
#[cfg(target_os = "linux")]
mod timerfd;

#[cfg(not(target_os = "linux"))]
pub(crate) use thread::Timer;
#[cfg(target_os = "linux")]
pub(crate) use timerfd::Timer;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    #[test]
    fn nobody_wakes_too_early() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut threaded = super::thread::Timer::new().unwrap();
            let mut timer = super::Timer::new().unwrap();
            for gap in [0, 1, 300, 5, 1500] {
                let deadline = Instant::now() + Duration::from_micros(gap);
                timer.wait_until(deadline).await.unwrap();
                assert!(Instant::now() >= deadline);
                let deadline = Instant::now() + Duration::from_micros(gap);
                threaded.wait_until(deadline).await.unwrap();
                assert!(Instant::now() >= deadline);
            }
        });
    }
}
