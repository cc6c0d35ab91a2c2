use phalanx_protocol::rest::metadata::{
    BatchStatistics, Duration, InferenceStatistics, ModelStatistics, Statistics,
};

use crate::ServeError;
use crate::context::Context;
use crate::serving::{Served, TimesSnapshot};

/// What one version of a model has done, or all versions where `version` is empty, or all models where `model` is.
///
/// # Errors
/// [`ServeError::NoSuchModel`], [`ServeError::NoSuchVersion`], [`ServeError::NotReady`].
pub(crate) fn statistics(context: &Context, model: &str, version: &str) -> Result<Statistics, ServeError> {
    if !model.is_empty() && !version.is_empty() {
        let served = context.registry.find(model, version)?;
        return Ok(Statistics { model_stats: vec![of(&served)] });
    }
    if !model.is_empty() {
        context.registry.find(model, "")?;
    }
    let served = context.registry.served();
    let meant = served.iter().filter(|served| model.is_empty() || served.name == model);
    Ok(Statistics { model_stats: meant.map(|served| of(served)).collect() })
}

fn of(served: &Served) -> ModelStatistics {
    let (totals, metrics) = (served.statistics.totals(), served.engine().metrics());
    let refused = totals.refused.iter().map(|(_, count)| count).sum::<u64>();
    let answered = totals.total.count;
    // Rows are gathered while the batch before computes, and scattered behind the answer: neither has a time of its own.
    let nothing = Duration { count: answered, ns: 0 };
    ModelStatistics {
        name: served.name.to_string(),
        version: served.version.to_string(),
        last_inference: totals.last_inference_ms,
        inference_count: totals.rows,
        execution_count: metrics.batches,
        inference_stats: InferenceStatistics {
            success: duration(&totals.total),
            fail: Duration { count: totals.failed + refused, ns: totals.failed_ns },
            queue: duration(&totals.queue),
            compute_input: nothing,
            compute_infer: duration(&totals.compute),
            compute_output: nothing,
            ..InferenceStatistics::default()
        },
        batch_stats: batches(&metrics.batch_sizes),
        ..ModelStatistics::default()
    }
}

fn duration(times: &TimesSnapshot) -> Duration {
    Duration { count: times.count, ns: times.sum_ns }
}

fn batches(sizes: &[u64]) -> Vec<BatchStatistics> {
    let ran = (1..).zip(sizes).filter(|(_, count)| **count > 0);
    let batch = |(batch_size, &count): (u64, &u64)| {
        let counted = Duration { count, ns: 0 };
        BatchStatistics {
            batch_size,
            compute_input: counted,
            compute_infer: counted,
            compute_output: counted,
        }
    };
    ran.map(batch).collect()
}
