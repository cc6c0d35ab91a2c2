use phalanx_model::samples;
use phalanx_tensor::DType;

use super::*;

fn check(text: &str, signature: &Signature) -> Result<(), String> {
    read(text)?.check(signature).map_err(|error| error.to_string())
}

#[test]
fn dims_leave_out_the_batch_axis_where_there_are_batches() {
    let tiny = samples::tiny();
    let signature = tiny.signature();
    let x = |dims: &str| format!("input {{ name: 'x' dims: [ {dims} ] }}");
    for (batch, dims, fits) in [
        ("max_batch_size: 8", "4", true),
        ("max_batch_size: 8", "-1, 4", false),
        ("max_batch_size: 0", "4", false),
        ("max_batch_size: 0", "-1, 4", true),
        ("max_batch_size: 0", "6, 4", true),
        ("", "4", true),
        ("", "-1, 4", true),
        ("", "", true),
        ("", "-1", false),
        ("", "5", false),
        ("", "1, 1, 4", false),
    ] {
        assert_eq!(check(&format!("{batch} {}", x(dims)), signature).is_ok(), fits, "{batch} {dims}");
    }
    assert_eq!(check(&format!("max_batch_size: 8\n{}", x("5")), signature).unwrap_err(), {
        "config.pbtxt:2: input \"x\": expected the dims of [batch, 4] without the batch axis, got dims [5]"
    });
}

#[test]
fn names_and_types_are_the_models() {
    let sequence = samples::two_outputs();
    let signature = sequence.signature();
    for (text, expected) in [
        ("output { name: 'sum' data_type: TYPE_FP32 dims: 1 }", None),
        ("output { name: 'total' }", {
            Some(
                "output \"total\": expected one of the model's: \"double\", \"sum\", got a name it does not have",
            )
        }),
        ("output { name: 'sum' } output { name: 'sum' }", {
            Some("output \"sum\": expected it once, got it again")
        }),
        (
            "input { name: 'x' data_type: TYPE_FP16 }",
            Some("input \"x\": expected f32, as in the model, got f16"),
        ),
    ] {
        let expected = expected.map(|expected| format!("config.pbtxt:1: {expected}"));
        assert_eq!(check(text, signature).err(), expected);
    }
}

#[test]
fn every_input_must_be_said_if_any_is() {
    let mut signature = samples::tiny().signature().clone();
    let mut second = signature.inputs[0].clone();
    second.name = "z".to_owned();
    signature.inputs.push(second);
    assert_eq!(check("input { name: 'x' }", &signature).unwrap_err(), {
        "config.pbtxt:1: input: expected all 2 inputs of the model, got none named \"z\""
    });
    assert!(check("input [ { name: 'z' }, { name: 'x' } ]", &signature).is_ok());
    assert!(check("", &signature).is_ok());
}

#[test]
fn batches_need_an_axis() {
    let model = samples::no_batch_axis();
    let refused = check("name: 'm'\nmax_batch_size: 4", model.signature()).unwrap_err();
    assert!(
        refused
            .starts_with("config.pbtxt:2: max_batch_size: expected 0, since the model has no batch axis: "),
        "{refused}"
    );
    assert!(check("max_batch_size: 0 input { name: 'x' dims: 3 }", model.signature()).is_ok());
    assert!(
        check("max_batch_size: 8 input { name: 'x' dims: 4 }", samples::fixed_batch(8).signature()).is_ok()
    );
}

#[test]
fn every_type_has_a_name() {
    for dtype in DType::ALL {
        let name = match dtype {
            DType::String => "STRING",
            other => phalanx_protocol::datatype(other),
        };
        let model = samples::identity(dtype);
        let text = format!("max_batch_size: 2 input {{ name: 'x' data_type: TYPE_{name} dims: 3 }}");
        assert_eq!(check(&text, model.signature()), Ok(()), "{dtype}");
    }
}
