use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::generator::Run;
use super::tally::{Distribution, Quantiles, RefusalKind, StepTally};
use super::{ClosedLoop, OpenLoop, RequestOptions, Server, Wire};

/// What load did to a server.
#[derive(Clone, Debug, Serialize)]
pub struct LoadReport {
    #[serde(flatten)]
    pub(super) about: About,
    /// `open` or `closed`.
    #[serde(rename = "loop")]
    pub kind: &'static str,
    /// How requests arrived, in an open loop.
    pub arrivals: Option<String>,
    /// What the instants were drawn from, in an open loop.
    pub seed: Option<u64>,
    /// Concurrent callers, in a closed loop.
    pub callers: Option<usize>,
    /// The latency that callers were promised, in milliseconds.
    pub slo_ms: Option<f64>,
    /// What counted, one row a step.
    pub steps: Vec<StepReport>,
    /// All steps together.
    pub total: StepReport,
    /// Connections, or gRPC streams, that were used at once.
    pub connections: usize,
    /// CPU time of the load generator, the warm-up included, in microseconds a request.
    pub client_cpu_us_per_request: Option<f64>,
    /// Whether the load ended early, since too many requests had missed the SLO already.
    pub ended_early: bool,
    #[serde(skip)]
    pub(super) histograms: Vec<Histograms>,
    #[serde(skip)]
    pub(super) began: SystemTime,
}

/// What was asked, and how.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// The server.
    pub server: String,
    /// The model.
    pub model: String,
    /// `HTTP binary`, `HTTP json` or `gRPC`.
    pub protocol: String,
    /// Rows of each request.
    pub rows: usize,
}

impl About {
    pub(super) fn new(server: &Server, options: &RequestOptions) -> Self {
        let protocol = match server.target().wire {
            Wire::Http => format!("HTTP {}", options.format.name()),
            Wire::Grpc => "gRPC".to_owned(),
        };
        let (model, rows) = (server.model().to_owned(), options.rows.get());
        Self { server: server.target().to_string(), model, protocol, rows }
    }
}

/// The histograms of one step.
#[derive(Clone, Debug)]
pub(super) struct Histograms {
    pub(super) begin: Duration,
    pub(super) duration: Duration,
    pub(super) answered: Distribution,
    pub(super) refused: Distribution,
}

/// What came of the requests that were due within some time.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// Requests a second that were due at its beginning and at its end, in an open loop.
    pub rate: Option<[f64; 2]>,
    /// Its length in seconds.
    pub seconds: f64,
    /// Requests that were due.
    pub due: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that were answered within the SLO, or at all where there is none.
    pub in_time: u64,
    /// Requests that the server refused.
    pub refused: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Requests whose time was over before there was a connection to send them on.
    pub not_sent: u64,
    /// Requests answered in time, as a share of those that were due.
    pub share: Option<f64>,
    /// Requests answered in time, a second.
    pub goodput_per_s: f64,
    /// Answers that came a second while it lasted, whenever their requests were due.
    pub throughput_per_s: f64,
    /// Rows answered a second.
    pub rows_per_s: f64,
    /// From when a request was due to its answer.
    pub latency: Option<Quantiles>,
    /// From when it was sent to its answer: what is left of the latency without the load generator's own delay.
    pub since_sent: Option<Quantiles>,
    /// From when a request was due to when it was sent.
    pub lateness: Option<Quantiles>,
    /// Refusals by status and reason, the most frequent first.
    pub refusals: Vec<RefusalReport>,
    /// Failures by kind, the most frequent first.
    pub failures: Vec<FailureReport>,
}

/// Refusals with one status and reason.
#[derive(Clone, Debug, Serialize)]
pub struct RefusalReport {
    /// The status, such as `HTTP 429` or `gRPC RESOURCE_EXHAUSTED`.
    pub status: String,
    /// The server's words, with `#` for each number.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// From when a request was due to its refusal.
    pub latency: Option<Quantiles>,
    /// From when it was sent to its refusal.
    pub since_sent: Option<Quantiles>,
    /// How many said when to come again.
    pub with_retry_after: u64,
    /// The shortest and the longest such time, in seconds.
    pub retry_after_s: Option<[f64; 2]>,
}

/// Failures of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct FailureReport {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// What the first of them said.
    pub first: String,
}

/// Where in time a step lies.
struct Stretch {
    rate: Option<[f64; 2]>,
    begin: Duration,
    duration: Duration,
    counted: bool,
}

impl LoadReport {
    pub(super) fn open(about: &About, plan: &OpenLoop, run: Run) -> Self {
        let mut begin = Duration::ZERO;
        let mut stretches = Vec::new();
        for step in plan.profile.steps() {
            let (rate, duration) = (Some([step.rate_from, step.rate_to]), step.duration);
            stretches.push(Stretch { rate, begin, duration, counted: step.counted });
            begin += step.duration;
        }
        let report = Self::new(about, &stretches, plan.slo, run);
        Self { kind: "open", arrivals: Some(plan.arrivals.to_string()), seed: Some(plan.seed), ..report }
    }

    pub(super) fn closed(about: &About, plan: &ClosedLoop, run: Run) -> Self {
        let stretch = |begin, duration, counted| Stretch { rate: None, begin, duration, counted };
        let stretches =
            [stretch(Duration::ZERO, plan.warm_up, false), stretch(plan.warm_up, plan.duration, true)];
        let report = Self::new(about, &stretches, plan.slo, run);
        Self { kind: "closed", callers: Some(plan.callers.get()), ..report }
    }

    fn new(about: &About, stretches: &[Stretch], slo: Option<Duration>, run: Run) -> Self {
        let Run { driven, began, cpu } = run;
        let counts = driven.tally.counts;
        let sent = counts.over() - counts.not_sent;
        let counted = || stretches.iter().zip(&driven.tally.steps).filter(|(stretch, _)| stretch.counted);
        let mut all = StepTally::default();
        counted().for_each(|(_, step)| all.merge(step));
        let whole = whole(counted().map(|(stretch, _)| stretch));
        let ended = driven.given_up.then_some(driven.elapsed);
        let cut = |stretch: &Stretch| match ended {
            Some(ended) => ended.saturating_sub(stretch.begin).min(stretch.duration),
            None => stretch.duration,
        };
        let row = |(stretch, step): (&Stretch, &StepTally)| {
            StepReport::new(stretch, cut(stretch), step, about.rows)
        };
        let histograms = |(stretch, step): (&Stretch, &StepTally)| {
            let mut refused = Distribution::default();
            step.refusals.iter().for_each(|kind| refused.merge(&kind.latency));
            let (begin, duration) = (stretch.begin, stretch.duration);
            Histograms { begin, duration, answered: step.latency.clone(), refused }
        };
        Self {
            about: about.clone(),
            kind: "",
            arrivals: None,
            seed: None,
            callers: None,
            slo_ms: slo.map(|slo| slo.as_secs_f64() * 1e3),
            steps: counted().map(row).collect(),
            total: row((&whole, &all)),
            connections: driven.connections,
            client_cpu_us_per_request: (sent > 0).then(|| cpu.as_secs_f64() * 1e6 / sent as f64),
            ended_early: driven.given_up,
            histograms: counted().map(histograms).collect(),
            began,
        }
    }

    /// What was asked, and how.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }
}

/// From the beginning of the first to the end of the last.
fn whole<'a>(mut counted: impl Iterator<Item = &'a Stretch>) -> Stretch {
    let Some(first) = counted.next() else {
        return Stretch { rate: None, begin: Duration::ZERO, duration: Duration::ZERO, counted: true };
    };
    let whole = Stretch { rate: first.rate, begin: first.begin, duration: first.duration, counted: true };
    counted.fold(whole, |whole, stretch| Stretch {
        rate: None,
        duration: stretch.begin + stretch.duration - whole.begin,
        ..whole
    })
}

impl StepReport {
    fn new(stretch: &Stretch, duration: Duration, step: &StepTally, rows: usize) -> Self {
        let seconds = duration.as_secs_f64();
        let per_s = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        let throughput_per_s = per_s(step.came);
        let mut refusals: Vec<RefusalReport> = step.refusals.iter().map(RefusalReport::new).collect();
        refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
        let failure = |(kind, (count, first)): (&String, &(u64, String))| FailureReport {
            kind: kind.clone(),
            count: *count,
            first: first.clone(),
        };
        let mut failures: Vec<FailureReport> = step.failures.iter().map(failure).collect();
        failures.sort_by_key(|failure| std::cmp::Reverse(failure.count));
        Self {
            rate: stretch.rate,
            seconds,
            due: step.due,
            answered: step.answered,
            in_time: step.in_time,
            refused: step.refused(),
            failed: step.failed(),
            not_sent: step.not_sent,
            share: (step.due > 0).then(|| step.in_time as f64 / step.due as f64),
            goodput_per_s: per_s(step.in_time),
            throughput_per_s,
            rows_per_s: throughput_per_s * rows as f64,
            latency: step.latency.quantiles(),
            since_sent: step.since_sent.quantiles(),
            lateness: step.lateness.quantiles(),
            refusals,
            failures,
        }
    }
}

impl RefusalReport {
    fn new(kind: &RefusalKind) -> Self {
        let seconds = |(low, high): (Duration, Duration)| [low.as_secs_f64(), high.as_secs_f64()];
        Self {
            status: kind.status.to_string(),
            reason: kind.reason.clone(),
            count: kind.count,
            latency: kind.latency.quantiles(),
            since_sent: kind.since_sent.quantiles(),
            with_retry_after: kind.with_retry_after,
            retry_after_s: kind.retry_after.map(seconds),
        }
    }
}
