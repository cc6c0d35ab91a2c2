use phalanx_protocol::grpc::proto::{
    InferBatchStatistics, InferStatistics, ModelStatistics, ModelStatisticsResponse, StatisticDuration,
};
use phalanx_protocol::rest::metadata;

pub(crate) fn statistics(statistics: metadata::Statistics) -> ModelStatisticsResponse {
    ModelStatisticsResponse { model_stats: statistics.model_stats.into_iter().map(model).collect() }
}

fn model(model: metadata::ModelStatistics) -> ModelStatistics {
    ModelStatistics {
        name: model.name,
        version: model.version,
        last_inference: model.last_inference,
        inference_count: model.inference_count,
        execution_count: model.execution_count,
        inference_stats: Some(requests(model.inference_stats)),
        batch_stats: model.batch_stats.into_iter().map(batches).collect(),
        ..ModelStatistics::default()
    }
}

fn requests(times: metadata::InferenceStatistics) -> InferStatistics {
    InferStatistics {
        success: duration(times.success),
        fail: duration(times.fail),
        queue: duration(times.queue),
        compute_input: duration(times.compute_input),
        compute_infer: duration(times.compute_infer),
        compute_output: duration(times.compute_output),
        cache_hit: duration(times.cache_hit),
        cache_miss: duration(times.cache_miss),
    }
}

fn batches(times: metadata::BatchStatistics) -> InferBatchStatistics {
    InferBatchStatistics {
        batch_size: times.batch_size,
        compute_input: duration(times.compute_input),
        compute_infer: duration(times.compute_infer),
        compute_output: duration(times.compute_output),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "a message's member may always be left out")]
fn duration(times: metadata::Duration) -> Option<StatisticDuration> {
    Some(StatisticDuration { count: times.count, ns: times.ns })
}
