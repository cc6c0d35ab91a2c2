use phalanx_protocol::grpc::proto::model_config::SchedulingChoice;
use phalanx_protocol::grpc::proto::model_version_policy::{All, Latest, PolicyChoice, Specific};
use phalanx_protocol::grpc::proto::{
    DataType, ModelConfig, ModelDynamicBatching, ModelInput, ModelInstanceGroup, ModelOutput, ModelParameter,
    ModelVersionPolicy, model_input, model_instance_group,
};
use phalanx_protocol::rest::metadata;

pub(crate) fn model_config(config: metadata::ModelConfig) -> ModelConfig {
    let parameters = config.parameters.into_iter();
    ModelConfig {
        name: config.name,
        platform: config.platform,
        backend: config.backend,
        version_policy: config.version_policy.map(version_policy),
        max_batch_size: config.max_batch_size,
        input: config.input.into_iter().map(input).collect(),
        output: config.output.into_iter().map(output).collect(),
        scheduling_choice: config.dynamic_batching.map(batching),
        instance_group: config.instance_group.into_iter().map(instance_group).collect(),
        default_model_filename: config.default_model_filename,
        parameters: parameters
            .map(|(name, value)| (name, ModelParameter { string_value: value.string_value }))
            .collect(),
        ..ModelConfig::default()
    }
}

fn version_policy(policy: metadata::VersionPolicy) -> ModelVersionPolicy {
    let metadata::VersionPolicy { latest, all, specific } = policy;
    let latest = latest.map(|latest| PolicyChoice::Latest(Latest { num_versions: latest.num_versions }));
    let all = all.map(|_| PolicyChoice::All(All {}));
    let specific = specific.map(|specific| PolicyChoice::Specific(Specific { versions: specific.versions }));
    ModelVersionPolicy { policy_choice: latest.or(all).or(specific) }
}

fn input(input: metadata::ModelInput) -> ModelInput {
    ModelInput {
        data_type: data_type(&input.data_type),
        format: model_input::Format::from_str_name(&input.format).unwrap_or_default().into(),
        name: input.name,
        dims: input.dims,
        is_shape_tensor: input.is_shape_tensor,
        allow_ragged_batch: input.allow_ragged_batch,
        optional: input.optional,
        ..ModelInput::default()
    }
}

fn output(output: metadata::ModelOutput) -> ModelOutput {
    ModelOutput {
        data_type: data_type(&output.data_type),
        name: output.name,
        dims: output.dims,
        label_filename: output.label_filename,
        is_shape_tensor: output.is_shape_tensor,
        ..ModelOutput::default()
    }
}

fn batching(batching: metadata::DynamicBatching) -> SchedulingChoice {
    SchedulingChoice::DynamicBatching(ModelDynamicBatching {
        preferred_batch_size: batching.preferred_batch_size,
        max_queue_delay_microseconds: batching.max_queue_delay_microseconds,
        preserve_ordering: batching.preserve_ordering,
        priority_levels: batching.priority_levels,
        default_priority_level: batching.default_priority_level,
        ..ModelDynamicBatching::default()
    })
}

fn instance_group(group: metadata::InstanceGroup) -> ModelInstanceGroup {
    ModelInstanceGroup {
        kind: model_instance_group::Kind::from_str_name(&group.kind).unwrap_or_default().into(),
        name: group.name,
        count: group.count,
        gpus: group.gpus,
        ..ModelInstanceGroup::default()
    }
}

fn data_type(name: &str) -> i32 {
    DataType::from_str_name(name).unwrap_or_default().into()
}
