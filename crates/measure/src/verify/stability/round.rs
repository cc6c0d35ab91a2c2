use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use phalanx_backend::Tolerance;
use phalanx_engine::{Engine, EngineError, Request};

use crate::MeasureError;
use crate::answers::row_error;
use crate::verify::setup::Candidate;
use crate::verify::{Config, Setup, Subject};

/// Concurrent callers of a round, and the requests of each.
const CALLERS: usize = 8;
const REQUESTS: usize = 32;

/// Distinct samples that they send.
const SAMPLES: usize = 16;

/// Answers after which every other round stops, whoever still asks.
const STOP_AFTER: usize = CALLERS * REQUESTS / 4;

/// How long an engine may take to answer what it has admitted.
const GRACE: Duration = Duration::from_secs(30);

/// One round, in this process: the engine is built, asked by many callers at once, and stopped; in odd rounds while
/// they still ask. Every request is answered once, rightly or with a refusal because the engine stops.
///
/// # Errors
/// What the engine gives; [`MeasureError::WrongAnswer`]; [`MeasureError::Stuck`] for an engine that did not stop.
pub fn round(
    setup: &Setup,
    subject: &Subject,
    config: Option<&Config>,
    number: u32,
) -> Result<(), MeasureError> {
    let engine = setup.engine(&Candidate { subject, config })?;
    let samples = SAMPLES.min(setup.samples.len());
    let serial: Vec<Vec<Vec<u8>>> =
        (0..samples).map(|sample| answer(&engine, setup, sample)).collect::<Result<_, _>>()?;
    let early = number % 2 == 1;
    let (said, heard) = channel();
    let (outcomes, in_time) = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (engine, said, serial) = (&engine, said.clone(), &serial);
                scope.spawn(move || ask(engine, setup, serial, caller, &said))
            })
            .collect();
        drop(said);
        // Ends with the last caller too.
        heard.iter().take(if early { STOP_AFTER } else { usize::MAX }).for_each(drop);
        let in_time = engine.stop(GRACE);
        let join = |caller: std::thread::ScopedJoinHandle<'_, _>| caller.join();
        (callers.into_iter().map(join).collect::<Vec<_>>(), in_time)
    });
    for outcome in outcomes {
        let ended = outcome.map_err(|_| MeasureError::Thread { message: "a caller panicked".to_owned() })?;
        match ended {
            Err(MeasureError::Engine(EngineError::ShuttingDown)) if early => {}
            other => other?,
        }
    }
    if in_time { Ok(()) } else { Err(MeasureError::Stuck { seconds: GRACE.as_secs() }) }
}

/// What one caller does, until the engine refuses it.
fn ask(
    engine: &Engine,
    setup: &Setup,
    serial: &[Vec<Vec<u8>>],
    caller: usize,
    said: &Sender<()>,
) -> Result<(), MeasureError> {
    for request in 0..REQUESTS {
        let sample = (caller + request) % serial.len();
        let got = answer(engine, setup, sample)?;
        for (info, (expected, got)) in
            setup.model.signature().outputs.iter().zip(serial[sample].iter().zip(&got))
        {
            let tolerance = Tolerance::of(engine.info().precision, info.dtype).mean;
            let error = row_error(info.dtype, 0, expected, got);
            if error > tolerance {
                let (strategy, output) = ("concurrent callers", info.name.clone());
                return Err(MeasureError::WrongAnswer { strategy, sample, output, error, tolerance });
            }
        }
        // Nobody listens any more once the engine stops.
        let _ = said.send(());
    }
    Ok(())
}

/// The bytes of each output for one sample.
fn answer(engine: &Engine, setup: &Setup, sample: usize) -> Result<Vec<Vec<u8>>, MeasureError> {
    let response = engine.infer_blocking(Request::new(setup.samples.get(sample).to_vec()))?;
    Ok(response.into_tensors().iter().map(crate::samples::bytes_of).collect())
}
