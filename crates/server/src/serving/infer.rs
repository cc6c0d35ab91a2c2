use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use phalanx_engine::{Request, Timing};
use phalanx_handoff::Bell;
use phalanx_protocol::{InferRequest, InferResponse, InputData, Parameters};
use phalanx_tensor::{Dim, Shape, Tensor, TensorInfo};

use super::{Served, outputs, shared_memory};
use crate::ServeError;
use crate::context::{Context, InFlight};
use crate::io::burst;

/// When a request came, and how long its caller waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// When its last byte was read.
    pub(crate) at: Instant,
    /// What the transport says of the caller's patience, such as `grpc-timeout`.
    pub(crate) timeout: Option<Duration>,
}

/// An answer, and where its time went.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: InferResponse,
    pub(crate) timing: Timing,
}

/// Answers a request. Dropping the future takes the request out of the queue.
///
/// # Errors
/// All of [`ServeError`] but those about connections.
pub(crate) async fn infer(
    context: &Context,
    bell: &Arc<Bell>,
    request: InferRequest,
    arrival: Arrival,
) -> Result<Answer, ServeError> {
    let served = context.registry.find(&request.model_name, &request.model_version)?;
    let result = answer(context, &served, bell, request, arrival).await;
    let total = arrival.at.elapsed();
    match &result {
        Ok((rows, answer)) => {
            let Timing { queue, compute, .. } = answer.timing;
            served.handling.took(total.saturating_sub(queue + compute));
            served.statistics.answered(*rows, answer.timing, total);
            context.observed.requests.answered(&served, *rows, answer.timing, total);
        }
        Err(error) => {
            served.statistics.refused(error, total);
            context.observed.requests.refused(&served, error);
        }
    }
    result.map(|(_, answer)| answer)
}

async fn answer(
    context: &Context,
    served: &Served,
    bell: &Arc<Bell>,
    mut request: InferRequest,
    arrival: Arrival,
) -> Result<(usize, Answer), ServeError> {
    let timeout = least(arrival.timeout, timeout(&request.parameters)?);
    let wanted = outputs::wanted(context, served, &request)?;
    let mut copied = None;
    let inputs = inputs(context, served, &mut request, &mut copied)?;
    let rows = inputs.first().map_or(1, Tensor::rows);
    let mut run = Request::new(inputs).priority(priority(&request.parameters)?);
    let patience = least(timeout, served.promised());
    if let Some(deadline) = patience.and_then(|patience| arrival.at.checked_add(patience)) {
        run = run.deadline(deadline);
    }
    let answered = bell.announce(burst::infer(served.engine(), run, arrival.at)).await;
    let answered = answered.map_err(|error| ServeError::from_engine(error, timeout.is_some()))?;
    let timing = answered.timing();
    let response = InferResponse {
        model_name: served.name.clone(),
        model_version: served.version.clone(),
        id: request.id,
        parameters: Parameters::default(),
        outputs: outputs::collect(context, served, wanted, answered.into_tensors())?,
    };
    Ok((rows, Answer { response, timing }))
}

/// The request's tensors, in the signature's order. What is copied out of shared memory is counted in `copied`.
fn inputs<'a>(
    context: &'a Context,
    served: &Served,
    request: &mut InferRequest,
    copied: &mut Option<InFlight<'a>>,
) -> Result<Vec<Tensor>, ServeError> {
    let signature = served.signature();
    let mut ordered: Vec<Option<Tensor>> = vec![None; signature.inputs.len()];
    for input in request.inputs.drain(..) {
        let index = match input.data {
            InputData::RawBody(_) if signature.inputs.len() == 1 => 0,
            _ => signature.input_index(&input.name).ok_or_else(|| no_such_input(served, &input.name))?,
        };
        let tensor = match input.data {
            InputData::Tensor(tensor) => tensor,
            InputData::RawBody(bytes) => raw(&signature.inputs[index], bytes)?,
            InputData::SharedMemory { dtype, shape, place } => {
                shared_memory::read(context, &input.name, dtype, &shape, &place, copied)?
            }
        };
        if ordered[index].replace(tensor).is_some() {
            return Err(ServeError::invalid(format!("input {:?}", input.name), "one tensor", "two"));
        }
    }
    let inputs = ordered.into_iter().zip(&signature.inputs).map(|(tensor, info)| {
        tensor.ok_or_else(|| ServeError::invalid(format!("input {:?}", info.name), info, "nothing"))
    });
    inputs.collect()
}

fn no_such_input(served: &Served, name: &str) -> ServeError {
    let names: Vec<_> = served.signature().inputs.iter().map(|info| format!("{:?}", info.name)).collect();
    ServeError::invalid("input name", names.join(", "), format!("{name:?}"))
}

/// A body that is nothing but one input's values: the model says what they are, the length how many rows.
fn raw(info: &TensorInfo, bytes: Bytes) -> Result<Tensor, ServeError> {
    let what = || format!("a raw body for input {:?}", info.name);
    let dims = info.dims.as_deref().unwrap_or_default();
    let row: Option<Vec<usize>> = dims.iter().skip(1).map(Dim::fixed).collect();
    let (Some(first), Some(row), Some(size)) = (dims.first(), row, info.dtype.size_bytes()) else {
        let known = "an input of which all axes but the first are fixed";
        return Err(ServeError::invalid(what(), known, info));
    };
    let row_bytes = row.iter().product::<usize>() * size;
    let rows = first.fixed().or_else(|| bytes.len().checked_div(row_bytes)).unwrap_or_default();
    let got = bytes.len();
    Tensor::from_bytes(info.dtype, Shape::new(&row).with_rows(rows), bytes).map_err(|_| {
        ServeError::invalid(what(), format!("rows of {row_bytes} bytes"), format!("{got} bytes"))
    })
}

/// How long the caller said it would wait: Triton's parameter, in microseconds, 0 for ever.
fn timeout(parameters: &Parameters) -> Result<Option<Duration>, ServeError> {
    Ok(level(parameters, "timeout")?.map(Duration::from_micros))
}

/// The engine's priority: Triton's 1 goes before 2, and both before requests that say nothing.
fn priority(parameters: &Parameters) -> Result<i32, ServeError> {
    let level = level(parameters, "priority")?;
    Ok(level.map_or(0, |level| i32::MAX - i32::try_from(level).unwrap_or(i32::MAX - 1)))
}

/// A parameter that is a whole number, and nothing where it is 0.
fn level(parameters: &Parameters, name: &str) -> Result<Option<u64>, ServeError> {
    Ok(parameters.unsigned(name)?.filter(|value| *value > 0))
}

fn least(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
