use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use phalanx_engine::{Burst, Engine, EngineError, Request};
use phalanx_simulate::Load;

use super::OpenOutcome;
use super::flight::{Flights, Landed};
use crate::{Latencies, MeasureError, Samples};

/// Is asked now and then whether to go on.
pub type Watch<'a> = &'a mut dyn FnMut() -> ControlFlow<()>;

/// How long answers are waited for once all requests are sent.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long this thread sleeps at most while it waits.
const SLEEP_MAX: Duration = Duration::from_millis(1);
/// How often it is asked whether to go on.
const WATCHED_EVERY: Duration = Duration::from_millis(50);
/// Answers in flight above which requests are not handed in but count as late: the engine's own limits are lower.
const IN_FLIGHT_MAX: usize = 1 << 17;

/// Requests that come at given instants, whatever the engine does.
#[derive(Clone, Copy, Debug)]
pub struct OpenRun<'a> {
    /// When they come.
    pub load: &'a Load,
    /// At how many a second.
    pub rate_per_s: f64,
    /// The share of them, at the beginning, that do not count.
    pub warm_up: f64,
    /// What callers were promised.
    pub slo: Duration,
    /// Ends once more requests than this have missed the SLO.
    pub missed_max: Option<u64>,
}

impl OpenRun<'_> {
    /// Sends them from the calling thread. What is due at the same time is handed in together, as the server does.
    ///
    /// # Errors
    /// What the engine gives, but for refusals; [`MeasureError::Interrupted`] after a break of `watch`;
    /// [`MeasureError::Stuck`] where answers do not come.
    pub fn on(
        &self,
        engine: &Engine,
        samples: &Samples,
        watch: Watch<'_>,
    ) -> Result<OpenOutcome, MeasureError> {
        let start = Instant::now();
        let mut counter = Counter::new(self.slo, self.rate_per_s);
        let mut flights = Flights::new(start);
        let before = engine.metrics();
        let counted_from = (self.load.requests() as f64 * self.warm_up) as usize;
        let mut due = self.load.at_rate(self.rate_per_s).enumerate().peekable();
        let (mut burst, mut watched) = (Burst::default(), start);
        while let Some(&(_, next_ns)) = due.peek() {
            let now_ns = start.elapsed().as_nanos() as u64;
            while let Some((index, due_ns)) = due.next_if(|(_, due_ns)| *due_ns <= now_ns) {
                let counts = index >= counted_from;
                counter.sent(now_ns - due_ns, counts);
                let answer = match flights.len() {
                    IN_FLIGHT_MAX.. => Some(lost(due_ns, counts)),
                    _ => {
                        let request = Request::new(samples.get(index).to_vec());
                        flights.start(engine.infer_in(&mut burst, request), due_ns, counts)
                    }
                };
                answer.map_or(Ok(()), |landed| counter.landed(landed))?;
            }
            burst.go();
            let mut result = Ok(());
            flights
                .landed(|landed| result = std::mem::replace(&mut result, Ok(())).and(counter.landed(landed)));
            result?;
            if self.missed_max.is_some_and(|most| counter.missed() > most) {
                counter.outcome.ended_early = true;
                break;
            }
            if watched.elapsed() > WATCHED_EVERY {
                watched = Instant::now();
                if watch().is_break() {
                    return Err(MeasureError::Interrupted);
                }
            }
            sleep_until(start, next_ns);
        }
        if !counter.outcome.ended_early {
            wait_for_rest(&mut flights, &mut counter)?;
        }
        drop(flights);
        let after = engine.metrics();
        let batches = after.batches.saturating_sub(before.batches).max(1);
        Ok(counter.finish(after.rows.saturating_sub(before.rows) as f64 / batches as f64))
    }
}

fn wait_for_rest(flights: &mut Flights, counter: &mut Counter) -> Result<(), MeasureError> {
    let end = Instant::now() + PATIENCE;
    while flights.len() > 0 {
        let mut result = Ok(());
        flights.landed(|landed| result = std::mem::replace(&mut result, Ok(())).and(counter.landed(landed)));
        result?;
        if Instant::now() > end {
            return Err(MeasureError::Stuck { seconds: PATIENCE.as_secs() });
        }
        std::thread::sleep(SLEEP_MAX);
    }
    Ok(())
}

/// Sleeps until then, but not so long that answers pile up.
fn sleep_until(start: Instant, due_ns: u64) {
    let left = Duration::from_nanos(due_ns).saturating_sub(start.elapsed());
    if !left.is_zero() {
        std::thread::sleep(left.min(SLEEP_MAX));
    }
}

/// A request that was not even handed in.
fn lost(due_ns: u64, counts: bool) -> Landed {
    let answer = Err(EngineError::QueueFull { retry_after: Duration::ZERO });
    Landed { answer, due_ns, ready_ns: due_ns, counts }
}

/// Counts what becomes of the requests.
struct Counter {
    slo_ns: u64,
    outcome: OpenOutcome,
    latencies: Latencies,
    behind: Latencies,
}

impl Counter {
    fn new(slo: Duration, rate_per_s: f64) -> Self {
        Self {
            slo_ns: slo.as_nanos() as u64,
            outcome: OpenOutcome { rate_per_s, ..OpenOutcome::default() },
            latencies: Latencies::default(),
            behind: Latencies::default(),
        }
    }

    fn sent(&mut self, behind_ns: u64, counts: bool) {
        if counts {
            self.outcome.requests += 1;
            self.behind.record(Duration::from_nanos(behind_ns));
        }
    }

    fn missed(&self) -> u64 {
        self.outcome.late + self.outcome.refused
    }

    fn landed(&mut self, landed: Landed) -> Result<(), MeasureError> {
        let took_ns = landed.ready_ns.saturating_sub(landed.due_ns);
        match landed.answer {
            Ok(response) => {
                for view in (0..).map_while(|output| response.output(output)) {
                    std::hint::black_box(view.bytes);
                }
                if landed.counts {
                    self.latencies.record(Duration::from_nanos(took_ns));
                    let inside = took_ns <= self.slo_ns;
                    *(if inside { &mut self.outcome.inside } else { &mut self.outcome.late }) += 1;
                }
            }
            Err(EngineError::QueueFull { .. } | EngineError::DeadlineExceeded { .. }) => {
                self.outcome.refused += u64::from(landed.counts);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn finish(mut self, rows_mean: f64) -> OpenOutcome {
        let ms = |us: Option<f64>| us.unwrap_or(0.0) / 1e3;
        self.outcome.p50_ms = ms(self.latencies.quantile_us(0.5));
        self.outcome.p99_ms = ms(self.latencies.quantile_us(0.99));
        self.outcome.behind_p99_ms = ms(self.behind.quantile_us(0.99));
        self.outcome.rows_mean = rows_mean;
        self.outcome
    }
}
