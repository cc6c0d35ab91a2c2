use std::num::NonZeroUsize;

use phalanx_measure::remote::{CONNECTIONS, ClosedLoop, GoodputSearch, OpenLoop, Profile};

use crate::args::LoadArgs;
use crate::failure::Failure;

/// Rows of the table that a ramp is shown in.
const RAMP_PARTS: u32 = 10;

/// What the options say about a closed loop, where they ask for one.
pub(super) fn closed(args: &LoadArgs) -> Option<ClosedLoop> {
    Some(ClosedLoop {
        callers: NonZeroUsize::new(args.shape.callers?)?,
        warm_up: args.shape.warmup,
        duration: args.shape.duration,
        slo: args.slo,
    })
}

/// What they say about an open loop.
pub(super) fn open(args: &LoadArgs) -> Result<OpenLoop, Failure> {
    let shape = &args.shape;
    let rate = shape.rate.unwrap_or_default();
    let profile = match shape.ramp {
        Some(ramp) => Profile::ramp(ramp.from, ramp.to, shape.duration, RAMP_PARTS),
        None if shape.steps.is_empty() => Profile::constant(rate, shape.duration),
        None => Profile::multiples(rate, &shape.steps, shape.step_duration),
    };
    Ok(OpenLoop {
        profile: profile?.after_warm_up(shape.warmup),
        arrivals: shape.arrivals,
        seed: args.requests.samples.seed,
        slo: args.slo,
        connections: connections(args),
        missed_max: None,
    })
}

/// What they say about a search.
pub(super) fn search(args: &LoadArgs) -> Result<GoodputSearch, Failure> {
    let slo = args.slo.ok_or_else(|| Failure::new("a search needs an SLO"))?;
    Ok(GoodputSearch {
        rate: args.shape.rate,
        arrivals: args.shape.arrivals,
        seed: args.requests.samples.seed,
        slo,
        share: args.search.share,
        duration: args.shape.duration,
        warm_up: args.shape.warmup,
        precision: args.search.precision,
        probes_max: args.search.probes,
        connections: connections(args),
    })
}

fn connections(args: &LoadArgs) -> NonZeroUsize {
    NonZeroUsize::new(args.connections).unwrap_or(CONNECTIONS)
}
