use proptest::prelude::*;

use super::*;

fn shown(fields: &[Field]) -> String {
    let field = |field: &Field| {
        let value = match &field.value {
            Value::Message(fields) => format!("{{{}}}", shown(fields)),
            value => value.shown(),
        };
        let Place::File { line } = field.place else { panic!("a file has lines") };
        format!("{}@{line}={value}", field.name)
    };
    fields.iter().map(field).collect::<Vec<_>>().join(" ")
}

fn parsed(text: &str) -> String {
    shown(&parse(text).unwrap())
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn scalars_messages_and_lists() {
    let text = "
        name: \"resnet\"   # what it is called
        max_batch_size : 0x10
        input [ { dims: [ 3, -1 ], data_type: TYPE_FP32 } , { dims: 4; dims: 05 } ]
        output < name: 'y' >
        empty: [], last {}
    ";
    assert_eq!(
        parsed(text),
        "name@2=\"resnet\" max_batch_size@3=16 \
         input@4={dims@4=3 dims@4=-1 data_type@4=TYPE_FP32} input@4={dims@4=4 dims@4=5} \
         output@5={name@5=\"y\"} last@6={}"
    );
}

#[test]
fn numbers_of_every_kind() {
    assert_eq!(parsed("a: -0 b: 017 c: 1.5e-3 d: .5f e: -inf f: 18446744073709551615"), {
        "a@1=0 b@1=15 c@1=1.5e-3 d@1=.5f e@1=-inf f@1=18446744073709551615"
    });
    assert_eq!(parsed("a: 18446744073709551616"), "a@1=18446744073709551616");
    for wrong in ["1x", "0xg", "08", "1..2", "0x", "1e"] {
        assert!(
            refusal(&format!("a: {wrong}")).starts_with("config.pbtxt:1: expected a number, got "),
            "{wrong}"
        );
    }
}

#[test]
fn quoted_text_joins_and_escapes() {
    let text = "a: \"one\" 'two'\n \"\\x41\\102\\n\\u00e9\\U0001F600\\'\"";
    assert_eq!(parse(text).unwrap()[0].value, Value::Text("onetwoAB\n\u{e9}\u{1f600}'".to_owned()));
    assert_eq!(parse("a: '\\xc3\\xa9'").unwrap()[0].value, Value::Text("\u{e9}".to_owned()));
    assert_eq!(refusal("a: \"x"), "config.pbtxt:1: expected a closing quote, got the end of the file");
    assert_eq!(refusal("\na: \"x\n\""), "config.pbtxt:2: expected a closing quote, got the end of the line");
    for wrong in ["\\q", "\\x", "\\u12", "\\ud800", "\\777"] {
        let expected = "config.pbtxt:1: expected an escape such as \\n or \\x41, got another";
        assert_eq!(refusal(&format!("a: '{wrong}'")), expected, "{wrong}");
    }
    assert_eq!(refusal("a: '\\xff'"), "config.pbtxt:1: expected text in UTF-8, got other bytes");
}

#[test]
fn an_error_names_its_line() {
    for (text, expected) in [
        ("a: 1\nb 2", "config.pbtxt:2: expected `:` or `{`, got 2"),
        ("a: 1\n\n}", "config.pbtxt:3: expected a field's name, got `}`"),
        ("a {\nb: 1\n", "config.pbtxt:3: expected a field's name or `}`, got the end of the file"),
        ("a <\nb: 1 }", "config.pbtxt:2: expected a field's name or `>`, got `}`"),
        ("a: [ 1 2 ]", "config.pbtxt:1: expected `,` or `]`, got 2"),
        ("a: [ 1,", "config.pbtxt:1: expected a value, got the end of the file"),
        ("a: -\"x\"", "config.pbtxt:1: expected a number, got \"x\""),
        ("[type.x]: 1", "config.pbtxt:1: expected a field's name, got `[`"),
        ("a: \u{1F600}", "config.pbtxt:1: expected a value, got `\\u{1f600}`"),
        ("a:", "config.pbtxt:1: expected a value, got the end of the file"),
    ] {
        assert_eq!(refusal(text), expected);
    }
    let deep = format!("{}{}", "a { ".repeat(33), "}".repeat(33));
    assert!(refusal(&deep).contains("at most 32 messages within each other"));
    assert!(parse(&format!("{}{}", "a { ".repeat(32), "}".repeat(32))).is_ok());
}

proptest! {
    #[test]
    fn nothing_that_is_read_panics(text in "[a-c:{}<>\\[\\],;#'\"\\\\0-9xe.\\-\n \u{e9}]{0,64}") {
        let _ = parse(&text);
    }

    #[test]
    fn text_reads_back(text in any::<String>()) {
        let escaped: String = text.bytes().map(|byte| format!("\\{byte:03o}")).collect();
        let fields = parse(&format!("a: '{escaped}'")).unwrap();
        prop_assert_eq!(&fields[0].value, &Value::Text(text));
    }

    #[test]
    fn whole_numbers_read_back(number in any::<i64>()) {
        let fields = parse(&format!("a: {number}")).unwrap();
        prop_assert_eq!(&fields[0].value, &Value::Integer(number.into()));
    }
}
