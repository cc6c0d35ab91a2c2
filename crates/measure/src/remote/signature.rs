use phalanx_protocol::rest::metadata::TensorMetadata;
use phalanx_tensor::{Dim, Signature, TensorInfo};
use serde::Deserialize;

/// What is needed of a model's metadata: servers differ in what else they say.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Described {
    pub(crate) inputs: Vec<TensorMetadata>,
    pub(crate) outputs: Vec<TensorMetadata>,
}

/// What a server says that a model takes and gives.
///
/// An axis that may vary is called after its input and its place, such as `input_ids:1`; axis 0 is called `batch`.
pub(crate) fn signature(metadata: &Described) -> Result<Signature, String> {
    let all = |tensors: &[TensorMetadata]| tensors.iter().map(info).collect::<Result<Vec<_>, _>>();
    Ok(Signature { inputs: all(&metadata.inputs)?, outputs: all(&metadata.outputs)? })
}

fn info(tensor: &TensorMetadata) -> Result<TensorInfo, String> {
    let TensorMetadata { name, datatype, shape } = tensor;
    let dtype = phalanx_protocol::dtype(datatype);
    let dtype = dtype.ok_or_else(|| format!("tensor {name:?} has the unknown datatype {datatype:?}"))?;
    let dim = |(axis, &size): (usize, &i64)| match usize::try_from(size) {
        Ok(size) => Ok(Dim::Fixed(size)),
        Err(_) if size == -1 && axis == 0 => Ok(Dim::Symbol("batch".into())),
        Err(_) if size == -1 => Ok(Dim::Symbol(format!("{name}:{axis}").into())),
        Err(_) => Err(format!("tensor {name:?} has a dimension of {size}")),
    };
    let dims = shape.iter().enumerate().map(dim).collect::<Result<_, _>>()?;
    Ok(TensorInfo { name: name.clone(), dtype, dims: Some(dims) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_tensor::BatchAxis;

    fn metadata(datatype: &str, shape: &[i64]) -> Described {
        let tensor = |name: &str| TensorMetadata {
            name: name.to_owned(),
            datatype: datatype.to_owned(),
            shape: shape.to_vec(),
        };
        Described { inputs: vec![tensor("ids")], outputs: vec![tensor("y")] }
    }

    #[test]
    fn axes_that_may_vary_have_names() {
        let signature = signature(&metadata("INT64", &[-1, -1, 4])).unwrap();
        assert_eq!(signature.inputs[0].to_string(), "ids i64 [batch, ids:1, 4]");
        assert_eq!(signature.batch_axis(), BatchAxis::Dynamic);
    }

    #[test]
    fn only_inputs_and_outputs_have_to_be_described() {
        let tensor = r#"[{"name":"x","datatype":"FP32","shape":[2],"parameters":{}}]"#;
        let text = format!(r#"{{"name":"m","inputs":{tensor},"outputs":{tensor},"state":[]}}"#);
        let described = serde_json::from_str(&text).unwrap();
        assert_eq!(signature(&described).unwrap().outputs[0].to_string(), "x f32 [2]");
    }

    #[test]
    fn what_is_no_tensor_is_refused() {
        for (datatype, shape) in [("fp32", [1]), ("FP32", [-2])] {
            assert!(signature(&metadata(datatype, &shape)).is_err());
        }
    }
}
