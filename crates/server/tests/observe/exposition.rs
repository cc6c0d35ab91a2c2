//! Reads the text formats of metrics, and refuses what a strict reader would.

use std::collections::{BTreeMap, BTreeSet};

/// Families by name.
pub(crate) type Families = BTreeMap<String, Family>;

/// Metrics of one name.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) help: Option<String>,
    pub(crate) kind: String,
    pub(crate) samples: Vec<Sample>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// Reads either format.
///
/// `is_open` for OpenMetrics, which ends with `# EOF` and calls the family of counters without their `_total`.
pub(crate) fn parse(text: &str, is_open: bool) -> Families {
    assert!(text.ends_with('\n'), "the last line ends");
    let mut families = Families::new();
    let mut current = String::new();
    let body = if is_open { text.strip_suffix("# EOF\n").expect("ends with EOF") } else { text };
    for line in body.lines() {
        assert_ne!(line, "", "no line is empty");
        if let Some(comment) = line.strip_prefix("# ") {
            current = describe(&mut families, comment);
            continue;
        }
        let sample = sample(line);
        let family = families.get_mut(&current).unwrap_or_else(|| panic!("described before: {line}"));
        let suffix = sample.name.strip_prefix(&current).unwrap_or_else(|| panic!("with its family: {line}"));
        assert!(suffixes(&family.kind, is_open).contains(&suffix), "{} in {line}", family.kind);
        family.samples.push(sample);
    }
    families.values().for_each(check);
    families
}

/// What may follow the family's name.
fn suffixes(kind: &str, is_open: bool) -> &'static [&'static str] {
    match (kind, is_open) {
        ("histogram", _) => &["_bucket", "_sum", "_count"],
        ("counter", true) => &["_total"],
        ("info", true) => &["_info"],
        ("counter" | "gauge", false) | ("gauge", true) => &[""],
        _ => panic!("no such type: {kind}"),
    }
}

fn describe(families: &mut Families, comment: &str) -> String {
    let (what, rest) = comment.split_once(' ').unwrap();
    let (name, text) = rest.split_once(' ').unwrap();
    assert!(is_name(name, true), "{name}");
    let family = families.entry(name.to_owned()).or_default();
    match what {
        "HELP" => assert_eq!(family.help.replace(text.to_owned()), None, "helped once: {name}"),
        "TYPE" => {
            assert!(family.samples.is_empty() && family.kind.is_empty(), "typed once and first: {name}");
            text.clone_into(&mut family.kind);
        }
        other => panic!("no such comment: {other}"),
    }
    name.to_owned()
}

fn sample(line: &str) -> Sample {
    let name_len = line.find(['{', ' ']).unwrap();
    let (name, rest) = line.split_at(name_len);
    assert!(is_name(name, true), "{line}");
    let mut labels = BTreeMap::new();
    let rest = match rest.strip_prefix('{') {
        None => rest,
        Some(mut rest) => {
            while let Some((label, after)) = label(rest) {
                assert!(is_name(&label.0, false), "{line}");
                assert_eq!(labels.insert(label.0, label.1), None, "{line}");
                rest = after.strip_prefix(',').unwrap_or(after);
            }
            rest.strip_prefix('}').unwrap_or_else(|| panic!("closed: {line}"))
        }
    };
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("one space: {line}"));
    Sample { name: name.to_owned(), labels, value: value.parse().unwrap() }
}

/// The next label and what follows it.
fn label(text: &str) -> Option<((String, String), &str)> {
    let (name, rest) = text.split_once("=\"").filter(|(name, _)| !name.contains('}'))?;
    let mut value = String::new();
    let mut characters = rest.char_indices();
    loop {
        match characters.next().expect("the value is closed") {
            (at, '"') => return Some(((name.to_owned(), value), &rest[at + 1..])),
            (_, '\\') => value.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, escaped @ ('\\' | '"'))) => escaped,
                other => panic!("no such escape: {other:?}"),
            }),
            (_, '\n') => panic!("a line break in a label"),
            (_, character) => value.push(character),
        }
    }
}

fn is_name(name: &str, is_metric: bool) -> bool {
    let mut characters = name.chars();
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || (is_metric && c == ':');
    characters.next().is_some_and(is_start) && characters.all(|c| is_start(c) || c.is_ascii_digit())
}

/// What holds within a family: help, values, and no two samples alike.
fn check(family: &Family) {
    let help = family.help.as_ref().expect("every family is explained");
    assert!(help.ends_with('.') && help.len() > 10, "{help}");
    let mut seen = BTreeSet::new();
    for sample in &family.samples {
        assert!(seen.insert((&sample.name, &sample.labels)), "twice: {sample:?}");
        assert!(sample.value.is_finite(), "{sample:?}");
        assert!(family.kind == "gauge" || sample.value >= 0.0, "{sample:?}");
    }
    if family.kind == "histogram" {
        check_histogram(family);
    }
}

fn check_histogram(family: &Family) {
    let mut series: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
    for sample in family.samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
        let mut labels = sample.labels.clone();
        let bound: f64 = labels.remove("le").expect("every bucket has a bound").parse().unwrap();
        series.entry(labels).or_default().push((bound, sample.value));
    }
    let named =
        |suffix: &'static str| family.samples.iter().filter(move |sample| sample.name.ends_with(suffix));
    assert_eq!(named("_count").count(), series.len());
    assert_eq!(named("_sum").count(), series.len());
    for count in named("_count") {
        let buckets = &series[&count.labels];
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{buckets:?}");
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, count.value)));
    }
}

#[test]
fn what_is_not_allowed_is_refused() {
    let head = "# HELP a_total How many there were.\n# TYPE a_total counter\n";
    let good = format!("{head}a_total{{x=\"1\\\"\\n\"}} 3\n");
    assert_eq!(parse(&good, false)["a_total"].samples[0].labels["x"], "1\"\n");
    for bad in [
        "a_total 1\n".to_owned(),
        format!("{head}{head}"),
        format!("{head}a_total 1\na_total 2\n"),
        format!("{head}a_total{{x=\"1\",x=\"2\"}} 1\n"),
        format!("{head}a_total{{x=\"1\"}}  1\n"),
        format!("{head}a_total{{x=1}} 1\n"),
        format!("{head}b_total 1\n"),
        format!("{head}a_total -1\n"),
        format!("{head}a_total 1"),
        "# HELP h Some long help.\n# TYPE h histogram\nh_sum 1\nh_count 2\nh_bucket{le=\"1\"} 2\n".to_owned(),
        "# HELP h Some long help.\n# TYPE h histogram\nh_sum 1\nh_count 2\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\n"
            .to_owned(),
    ] {
        assert!(std::panic::catch_unwind(|| parse(&bad, false)).is_err(), "{bad}");
    }
}
