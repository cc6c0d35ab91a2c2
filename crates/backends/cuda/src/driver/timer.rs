use phalanx_backend::BackendError;

use super::{Event, Graph, Stream};

/// Repetitions that are timed together, as one graph, so that it is the device that takes the time and not the host; and
/// how often that is done: the fastest counts.
const RUNS: usize = 16;
const ROUNDS: usize = 4;

/// Microseconds of the device that one of these submissions takes, back to back with others of its kind.
///
/// # Errors
/// What `submit` says, and what went wrong on the device.
pub(crate) fn time_us(
    stream: &Stream,
    submit: impl Fn() -> Result<(), BackendError>,
) -> Result<f32, BackendError> {
    // Loads the code, which recording does not allow.
    submit()?;
    stream.finish()?;
    let graph = Graph::capture(stream, || (0..RUNS).try_for_each(|_| submit()))?;
    let (start, end) = (Event::timed(stream.gpu())?, Event::timed(stream.gpu())?);
    let mut fastest_ms = f32::INFINITY;
    graph.launch(stream)?;
    for _ in 0..ROUNDS {
        start.record(stream)?;
        graph.launch(stream)?;
        end.record(stream)?;
        end.wait()?;
        fastest_ms = fastest_ms.min(end.since_ms(&start)?);
    }
    Ok(fastest_ms * 1e3 / RUNS as f32)
}
