//! Whatever the bytes, reading them ends in a model or an error.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use phalanx_model::{Model, ModelError, samples};
use proptest::prelude::*;
use proptest::sample::Index;

/// Either way, what is said must hold together.
fn read(bytes: Vec<u8>) -> Result<Model, ModelError> {
    let length = bytes.len();
    let read = Model::from_bytes(bytes);
    match &read {
        Ok(model) => {
            assert_eq!(model.bytes().len(), length);
            assert!(!model.signature().outputs.is_empty());
            model.to_proto().unwrap();
        }
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
    read
}

proptest! {
    #[test]
    fn random_bytes_are_no_model(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(read(bytes).is_err());
    }

    #[test]
    fn random_bytes_after_a_models_beginning_are_no_model(
        tail in proptest::collection::vec(any::<u8>(), 0..512),
        start in any::<Index>(),
    ) {
        let whole = samples::sequence(1).bytes().to_vec();
        let mut bytes = whole[..start.index(whole.len() / 2)].to_vec();
        bytes.extend(tail);
        prop_assert!(read(bytes).is_err());
    }

    #[test]
    fn flipped_bits_never_panic(flips in proptest::collection::vec((any::<Index>(), 0_u8..8), 1..16)) {
        let mut bytes = samples::sequence(1).bytes().to_vec();
        for (place, bit) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        }
        let _ = read(bytes);
    }

    #[test]
    fn spliced_models_never_panic(
        cuts in proptest::collection::vec((any::<Index>(), any::<Index>(), any::<Index>()), 1..4),
    ) {
        let mut bytes = samples::two_outputs().bytes().to_vec();
        for (from, to, at) in cuts {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let piece = bytes[from.min(to)..from.max(to)].to_vec();
            let at = at.index(bytes.len());
            bytes.splice(at..at, piece);
        }
        let _ = read(bytes);
    }
}

#[test]
fn every_single_flipped_bit_is_survived() {
    let whole = samples::tiny().bytes().to_vec();
    let mut refused = 0;
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused += usize::from(read(bytes).is_err());
    }
    assert!(refused > whole.len(), "only {refused} of {} were noticed", whole.len() * 8);
}
