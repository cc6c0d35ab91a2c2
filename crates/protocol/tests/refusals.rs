//! What is malformed is refused, and the refusal names the field.

use bytes::Bytes;
use phalanx_protocol::{InferRequest, Limits, ProtocolError, rest};

fn decode(body: &[u8], json_len: Option<usize>) -> Result<InferRequest, ProtocolError> {
    rest::decode_request(Bytes::copy_from_slice(body), json_len, &Limits::default())
}

/// Which field a body of JSON is refused for, or `JSON` where it is none; and the message.
fn refusal(body: &str) -> (String, String) {
    refused(decode(body.as_bytes(), None), body)
}

fn refused(result: Result<InferRequest, ProtocolError>, body: &str) -> (String, String) {
    match result {
        Err(error @ ProtocolError::Field { .. }) => {
            let text = error.to_string();
            let ProtocolError::Field { field, .. } = error else { unreachable!("it was just looked at") };
            (field, text)
        }
        Err(error) => ("JSON".to_owned(), error.to_string()),
        Ok(request) => panic!("{body} was read as {request:?}"),
    }
}

/// A request with one input of these members.
fn input(members: &str) -> String {
    format!(r#"{{"inputs":[{{{members}}}]}}"#)
}

#[track_caller]
fn check(cases: &[(&str, &str)], wrap: impl Fn(&str) -> String) {
    for (case, expected) in cases {
        let (field, message) = refusal(&wrap(case));
        assert_eq!(field, *expected, "{case}: {message}");
    }
}

#[test]
fn requests() {
    let cases = [
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "request"),
        ("null", "request"),
        ("{}", "inputs"),
        (r#"{"inputs":{}}"#, "inputs"),
        (r#"{"inputs":[1]}"#, "inputs[0]"),
        (r#"{"inputs":[],"inputs":[]}"#, "inputs"),
        (r#"{"inputs":[]} x"#, "JSON"),
        (r#"{"inputs":[],}"#, "JSON"),
        (r#"{"inputs":[],"id":7}"#, "id"),
        (r#"{"inputs":[],"parameters":[]}"#, "parameters"),
        (r#"{"inputs":[],"parameters":{"a":null}}"#, "parameters.a"),
        (r#"{"inputs":[],"parameters":{"a":{"b":1}}}"#, "parameters.a"),
        (r#"{"inputs":[],"parameters":{"a":1e999}}"#, "parameters.a"),
        (r#"{"inputs":[],"parameters":{"a":-9223372036854775809}}"#, "parameters.a"),
        (r#"{"inputs":[],"outputs":[{}]}"#, "outputs[0].name"),
        (r#"{"inputs":[],"outputs":[{"name":"y"},{"name":"y"}]}"#, "outputs[1].name"),
        (r#"{"inputs":[],"unknown":[1,}"#, "JSON"),
        (r#"{"inputs":[],"unknown":"\ud800"}"#, "JSON"),
        (r#"{"inputs":[],"unknown":01}"#, "JSON"),
        ("{\"inputs\":[],\"a\":\"\u{1}\"}", "JSON"),
    ];
    check(&cases, str::to_owned);
}

#[test]
fn inputs() {
    let cases = [
        (r#""shape":[1],"datatype":"FP32","data":[1]"#, "inputs[0].name"),
        (r#""name":"x","datatype":"FP32","data":[1]"#, "inputs[0].shape"),
        (r#""name":"x","shape":[1],"data":[1]"#, "inputs[0].datatype"),
        (r#""name":"x","shape":[1],"datatype":"FP32""#, "inputs[0].data"),
        (r#""name":null,"shape":[1],"datatype":"FP32","data":[1]"#, "inputs[0].name"),
        (r#""name":"x","name":"x""#, "inputs[0].name"),
        (r#""name":"x","shape":1,"datatype":"FP32","data":[1]"#, "inputs[0].shape"),
        (r#""name":"x","shape":[-1],"datatype":"FP32","data":[1]"#, "inputs[0].shape[0]"),
        (r#""name":"x","shape":[1,1.5],"datatype":"FP32","data":[1]"#, "inputs[0].shape[1]"),
        (r#""name":"x","shape":["1"],"datatype":"FP32","data":[1]"#, "inputs[0].shape[0]"),
        (r#""name":"x","shape":[18446744073709551616],"datatype":"FP32","data":[1]"#, "inputs[0].shape[0]"),
        (r#""name":"x","shape":[4294967296,4294967296],"datatype":"INT8","data":[1]"#, "inputs[0].shape"),
        (r#""name":"x","shape":[9223372036854775807],"datatype":"FP64","data":[1]"#, "inputs[0].shape"),
        (r#""name":"x","shape":[1000000000],"datatype":"INT8","data":[1]"#, "inputs[0].shape"),
        (r#""name":"x","shape":[1],"datatype":"FP23","data":[1]"#, "inputs[0].datatype"),
        (r#""name":"x","shape":[1],"datatype":5,"data":[1]"#, "inputs[0].datatype"),
    ];
    check(&cases, input);
    let rank = format!(r#""name":"x","shape":[{}1],"datatype":"FP32","data":[1]"#, "1,".repeat(40));
    assert_eq!(refusal(&input(&rank)).0, "inputs[0].shape");
    let many = format!(
        r#"{{"inputs":[{}]}}"#,
        vec![r#"{"name":"x","shape":[0],"datatype":"INT8","data":[]}"#; 300].join(",")
    );
    assert_eq!(refusal(&many).0, "inputs");
}

#[test]
fn data() {
    let cases = [
        (r#""shape":[2],"datatype":"FP32","data":[1]"#, "inputs[0].data"),
        (r#""shape":[2],"datatype":"FP32","data":[1,2,3]"#, "inputs[0].data"),
        (r#""shape":[2],"datatype":"FP32","data":5"#, "inputs[0].data"),
        (r#""shape":[2],"datatype":"FP32","data":{}"#, "inputs[0].data"),
        (r#""shape":[2],"datatype":"FP32","data":null"#, "inputs[0].data"),
        (r#""shape":[2],"datatype":"FP32","data":[1,null]"#, "inputs[0].data"),
        (r#""shape":[2],"datatype":"FP32","data":[1,"NaN"]"#, "inputs[0].data"),
        (r#""shape":[2],"datatype":"FP32","data":[1,true]"#, "inputs[0].data"),
        (r#""shape":[2],"datatype":"FP32","data":[1,1e39]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"FP64","data":[1e309]"#, "inputs[0].data"),
        (r#""shape":[2],"datatype":"FP32","data":[1,.5]"#, "JSON"),
        (r#""shape":[2],"datatype":"FP32","data":[1,]"#, "JSON"),
        (r#""shape":[2],"datatype":"FP32","data":[1 2]"#, "JSON"),
        (r#""shape":[2],"datatype":"FP32","data":[[1,2]]"#, "inputs[0].data"),
        (r#""shape":[2,2],"datatype":"FP32","data":[[1,2],[3]]"#, "inputs[0].data"),
        (r#""shape":[2,2],"datatype":"FP32","data":[[1,2],[3,4,5]]"#, "inputs[0].data"),
        (r#""shape":[2,2],"datatype":"FP32","data":[[1,2]]"#, "inputs[0].data"),
        (r#""shape":[2,2],"datatype":"FP32","data":[[1,2],[3,4],[5,6]]"#, "inputs[0].data"),
        (r#""shape":[2,2],"datatype":"FP32","data":[[1,2],3,4]"#, "inputs[0].data"),
        (r#""shape":[2,2],"datatype":"FP32","data":[[[1],[2]],[[3],[4]]]"#, "inputs[0].data"),
        (r#""shape":[1,2,2],"datatype":"FP32","data":[[1,2,3,4]]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"INT32","data":[1.0]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"INT32","data":[2147483648]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"UINT8","data":[-1]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"UINT8","data":[256]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"INT64","data":[1e3]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"INT64","data":[NaN]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"BOOL","data":[1]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"BOOL","data":[tru]"#, "JSON"),
        (r#""shape":[1],"datatype":"BYTES","data":[1]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"BYTES","data":["a]"#, "JSON"),
        (r#""shape":[1],"datatype":"FP16","data":[1]"#, "inputs[0].data"),
        (r#""shape":[1],"datatype":"BF16","data":[1]"#, "inputs[0].data"),
    ];
    check(&cases, |members| input(&format!(r#""name":"x",{members}"#)));
    // The same where the values come before what they are.
    check(&cases, |members| {
        let data = members.find(r#""data""#).unwrap();
        input(&format!(r#"{},{}"name":"x""#, &members[data..], &members[..data]))
    });
    assert!(refusal(&input(&format!(r#""name":"x",{}"#, cases[31].0))).1.contains("binary"));
}

#[test]
fn places_of_values() {
    let cases = [
        (r#""data":[1],"parameters":{"binary_data_size":4}"#, "inputs[0].data"),
        (r#""parameters":{"binary_data_size":4},"data":[1]"#, "inputs[0].data"),
        (
            r#""data":[1],"parameters":{"shared_memory_region":"r","shared_memory_byte_size":4}"#,
            "inputs[0].data",
        ),
        (
            r#""parameters":{"binary_data_size":4,"shared_memory_region":"r","shared_memory_byte_size":4}"#,
            "inputs[0].data",
        ),
        (r#""parameters":{"binary_data_size":-4}"#, "inputs[0].parameters.binary_data_size"),
        (r#""parameters":{"binary_data_size":"4"}"#, "inputs[0].parameters.binary_data_size"),
        (
            r#""parameters":{"binary_data_size":4,"binary_data_size":4}"#,
            "inputs[0].parameters.binary_data_size",
        ),
        (r#""parameters":{"binary_data_size":5}"#, "inputs[0].parameters.binary_data_size"),
        (r#""parameters":{"binary_data_size":4}"#, "inputs[0].parameters.binary_data_size"),
        (r#""parameters":7"#, "inputs[0].parameters"),
        (r#""parameters":{"shared_memory_region":"r"}"#, "inputs[0].parameters.shared_memory_byte_size"),
        (r#""parameters":{"shared_memory_offset":4}"#, "inputs[0].parameters.shared_memory_region"),
        (
            r#""parameters":{"shared_memory_region":"r","shared_memory_byte_size":5}"#,
            "inputs[0].parameters.shared_memory_byte_size",
        ),
        (
            r#""parameters":{"shared_memory_region":"r","shared_memory_byte_size":4,"shared_memory_offset":18446744073709551615}"#,
            "inputs[0].parameters.shared_memory_offset",
        ),
    ];
    check(&cases, |members| input(&format!(r#""name":"x","shape":[1],"datatype":"FP32",{members}"#)));
    let twice = r#"{"name":"x","shape":[1],"datatype":"FP32","data":[1]}"#;
    assert_eq!(refusal(&format!(r#"{{"inputs":[{twice},{twice}]}}"#)).0, "inputs[1].name");
}

#[test]
fn wishes() {
    let cases = [
        (r#""parameters":{"binary_data":1}"#, "outputs[0].parameters.binary_data"),
        (r#""parameters":{"classification":-1}"#, "outputs[0].parameters.classification"),
        (r#""parameters":{"classification":4294967296}"#, "outputs[0].parameters.classification"),
        (
            r#""parameters":{"binary_data":true,"shared_memory_region":"r","shared_memory_byte_size":4}"#,
            "outputs[0].parameters.binary_data",
        ),
        (
            r#""parameters":{"classification":2,"shared_memory_region":"r","shared_memory_byte_size":4}"#,
            "outputs[0].parameters.classification",
        ),
    ];
    check(&cases, |members| format!(r#"{{"inputs":[],"outputs":[{{"name":"y",{members}}}]}}"#));
}

#[test]
fn sections() {
    let json = |size: usize, dtype: &str| {
        input(&format!(
            r#""name":"x","shape":[2],"datatype":"{dtype}","parameters":{{"binary_data_size":{size}}}"#
        ))
    };
    let size = "inputs[0].parameters.binary_data_size";
    let cases: [(usize, &str, &[u8], &str); 9] = [
        (8, "FP32", &[0; 7], size),
        (8, "FP32", &[0; 9], "binary data"),
        (7, "FP32", &[0; 7], size),
        (usize::MAX, "FP32", &[0; 8], size),
        (2, "BOOL", &[0, 2], size),
        (8, "BYTES", &[1, 0, 0, 0, 0xFF, 0, 0, 0], size),
        (8, "BYTES", &[4, 0, 0, 0, 1, 2, 3, 4], size),
        (12, "BYTES", &[0; 12], size),
        (8, "BYTES", &[0xFF; 8], size),
    ];
    for (len, dtype, section, expected) in cases {
        let json = json(len, dtype);
        let body = [json.as_bytes(), section].concat();
        let (field, message) = refused(decode(&body, Some(json.len())), &json);
        assert_eq!(field, expected, "{message}");
    }
    let (field, _) = refused(decode(b"{}", Some(3)), "a length beyond the body");
    assert_eq!(field, "Inference-Header-Content-Length");
    let text = [0xFF, 0xFE, 0xFD];
    let body = [json(14, "BYTES").as_bytes(), &[3, 0, 0, 0], &text, &[3, 0, 0, 0], &text].concat();
    let (_, message) = refused(decode(&body, Some(json(14, "BYTES").len())), "bytes that are no text");
    assert!(message.contains("UTF-8"), "{message}");
}

#[test]
fn bombs() {
    for bomb in ["[", "{\"a\":", "[{\"a\":"] {
        for place in ["", "{\"unknown\":", "{\"inputs\":[{\"data\":"] {
            let (field, message) = refusal(&format!("{place}{}", bomb.repeat(100_000)));
            assert!(field == "request" || message.contains("nested deeper"), "{message}");
        }
    }
    let nested = format!("{}1{}", "[".repeat(30), "]".repeat(30));
    let members = format!(r#""name":"x","shape":[{}1],"datatype":"FP32","data":{nested}"#, "1,".repeat(29));
    assert!(decode(input(&members).as_bytes(), None).is_ok());
    // A promise of a million elements takes no memory before they are there.
    let members = r#""name":"x","shape":[16000000],"datatype":"FP64","data":[1]"#;
    assert_eq!(refusal(&input(members)).0, "inputs[0].data");
    let (_, message) = refusal(&input(&format!(
        r#""name":"x","shape":[1],"datatype":"BOOL","data":["{}"]"#,
        "a".repeat(10_000)
    )));
    assert!(message.len() < 200, "{message}");
    let name = "é".repeat(10_000);
    for case in [
        format!(r#"{{"inputs":[],"parameters":{{"{name}":null}}}}"#),
        input(&format!(r#""datatype":"{name}""#)),
    ] {
        let (_, message) = refusal(&case);
        assert!(message.len() < 1000, "{message}");
    }
}

#[test]
fn what_is_unusual_but_right() {
    let cases = [
        r#""shape":[],"datatype":"FP32","data":[1]"#,
        r#""shape":[0],"datatype":"FP32","data":[]"#,
        r#""shape":[2,0],"datatype":"FP32","data":[[],[]]"#,
        r#""shape":[2,0],"datatype":"FP32","data":[]"#,
        r#""shape":[0,2],"datatype":"FP32","data":[ ]"#,
        r#""shape":[2,2],"datatype":"FP32","data":[1,2,3,4]"#,
        r#""shape":[2,2],"datatype":"INT8","data":[[1,2],[3,-128]]"#,
        r#""shape":[2,1,2],"datatype":"BOOL","data":[[[true,false]],[[true,false]]]"#,
        r#""shape":[1],"datatype":"BYTES","data":["\ud83d\ude00\u0000"]"#,
        r#""shape":[1],"datatype":"FP32","data":[1],"more":{"a":[null]}"#,
        r#""shape":[1],"datatype":"FP32","data":[1],"parameters":{"content_type":"np","x":[1]}"#,
        r#" "shape" : [ 1 ] , "datatype" : "FP32" , "data" : [ 1e-2 ] "#,
    ];
    for case in cases {
        let body = input(&format!(r#""name":"x",{case}"#));
        if let Err(error) = decode(body.as_bytes(), None) {
            panic!("{case}: {error}");
        }
    }
}
