use phalanx_backend::{BackendError, Completion, Loss};

use crate::rig::{Rig, prepare};

#[test]
fn without_rules_everything_passes_through() {
    let mut rig = Rig::new("");
    assert_eq!(rig.values(&[1.0, 2.0]), [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
    assert!(matches!(rig.submit_single(&[3.0]), Completion::Single(outputs) if outputs[0].rows() == 1));
}

#[test]
fn a_batch_fails_for_one_row_and_gives_its_slot_back() {
    let mut rig = Rig::new("fail@value=666");
    assert!(matches!(rig.submit(&[1.0, 2.0]), Completion::Done(_)));
    let Completion::Failed(Some(_), BackendError::Run { message, .. }) = rig.submit(&[1.0, 666.0]) else {
        panic!("the batch did not fail");
    };
    assert!(message.contains("fail@value=666"), "{message}");
    assert!(matches!(rig.submit_single(&[666.0]), Completion::Failed(None, _)));
    assert!(matches!(rig.submit(&[1.0]), Completion::Done(_)));
}

#[test]
fn a_lost_lane_keeps_its_slot() {
    let mut rig = Rig::new("lose@first=1");
    let Completion::Lost(Loss { slot: None, suspect: true, error: BackendError::DeviceLost { .. } }) =
        rig.submit(&[1.0])
    else {
        panic!("the lane is not lost");
    };
    assert!(matches!(rig.submit(&[1.0]), Completion::Done(_)));
}

#[test]
fn one_element_of_one_position_is_a_lie() {
    let mut rig = Rig::new("lie=position:1,element:3,by:0.5");
    assert_eq!(rig.values(&[1.0, 2.0]), [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.5]);
    assert_eq!(rig.values(&[1.0]), [1.0; 4]);
    let Completion::Single(outputs) = rig.submit_single(&[1.0, 2.0]) else { panic!("no outputs") };
    assert_eq!(outputs[0].to_vec::<f32>().unwrap()[4..], [2.0, 2.0, 2.0, 2.5]);
}

#[test]
fn batches_are_counted_apart_from_lanes_and_models() {
    let mut rig = Rig::new("fail@every=2;fail@after=1+open;fail@after=1+prepare");
    let failed: Vec<bool> = (0..4).map(|_| matches!(rig.submit(&[1.0]), Completion::Failed(..))).collect();
    assert_eq!(failed, [false, true, false, true]);
}

#[test]
fn it_fails_as_long_as_a_file_exists() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut rig = Rig::new(&format!("fail@while={}", file.path().display()));
    assert!(matches!(rig.submit(&[1.0]), Completion::Failed(..)));
    file.close().unwrap();
    assert!(matches!(rig.submit(&[1.0]), Completion::Done(_)));
}

#[test]
fn models_and_lanes_can_fail_too() {
    assert!(matches!(prepare("fail@prepare"), Err(BackendError::Prepare { .. })));
    assert!(matches!(prepare("lose@prepare"), Err(BackendError::DeviceLost { .. })));
    let opened = std::panic::catch_unwind(|| Rig::new("panic@open"));
    assert!(opened.is_err());
}

#[test]
fn what_is_slow_or_leaks_is_still_right() {
    let mut rig = Rig::new("slow=1;leak=4096");
    assert_eq!(rig.values(&[1.0]), [1.0; 4]);
}
