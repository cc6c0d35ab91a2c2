//! What the fuzz targets check, on their corpus and on what is near to it.

mod checks;

use std::path::Path;

use proptest::prelude::*;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).expect("the corpus is checked in");
    let files: Vec<_> = files.map(|file| file.expect("an entry").path()).collect();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.into_iter().map(|file| std::fs::read(file).expect("a file")).collect()
}

/// Files of the corpus with bytes changed, moved, doubled or cut off.
fn mutants(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let seeds = proptest::sample::select(corpus(target));
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..5), 1..6);
    (seeds, edits).prop_map(|(mut bytes, edits)| {
        for (index, byte, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                3 => bytes.truncate(at),
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    })
}

#[test]
fn the_corpus() {
    corpus("json").iter().for_each(|body| checks::json(body));
    corpus("binary").iter().for_each(|input| checks::binary(input));
    corpus("protobuf").iter().for_each(|body| checks::protobuf(body));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn near_the_json(body in mutants("json")) {
        checks::json(&body);
    }

    #[test]
    fn near_the_binary_form(input in mutants("binary")) {
        checks::binary(&input);
    }

    #[test]
    fn near_the_protobuf(body in mutants("protobuf")) {
        checks::protobuf(&body);
    }

    #[test]
    fn anything(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        checks::json(&bytes);
        checks::binary(&bytes);
        checks::protobuf(&bytes);
    }
}
