//! Workers that do not even start.

use std::time::Duration;

use phalanx_backend::{BackendError, Device};
use phalanx_worker::{WorkerError, WorkerProgram};

use crate::Case;
use crate::rig::{options, recipe};

pub(crate) const CASES: &[Case] = &[
    ("a_backend_that_is_not_there", a_backend_that_is_not_there),
    ("an_executable_that_is_not_there", an_executable_that_is_not_there),
    ("an_executable_that_is_no_worker", an_executable_that_is_no_worker),
    ("an_executable_that_says_nothing", an_executable_that_says_nothing),
    ("a_worker_that_dies_at_once", a_worker_that_dies_at_once),
    ("a_worker_that_dies_while_it_prepares", a_worker_that_dies_while_it_prepares),
];

fn error(start: Result<std::sync::Arc<WorkerProgram>, WorkerError>) -> WorkerError {
    start.map(drop).expect_err("does not start")
}

fn a_backend_that_is_not_there() {
    let mut recipe = recipe();
    recipe.backend = "nowhere".to_owned();
    recipe.library = Some("/lib/ä.so".into());
    recipe.device = Device::Cuda(3);
    let error = error(WorkerProgram::start(recipe, options(&[])));
    match &error {
        WorkerError::Prepare(BackendError::Unavailable { backend: "test", reason, hint }) => {
            assert!(reason.contains("nowhere") && reason.contains("/lib/ä.so"), "{reason}");
            assert_eq!(hint.as_deref(), Some("ask for another"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(error.hint().as_deref(), Some("ask for another"));
}

fn an_executable_that_is_not_there() {
    let mut options = options(&[]);
    options.exe = "/nowhere/phalanx".into();
    let error = error(WorkerProgram::start(recipe(), options));
    assert!(matches!(error, WorkerError::Spawn { .. }), "{error:?}");
    assert!(error.to_string().contains("/nowhere/phalanx") && error.hint().is_some());
}

fn an_executable_that_is_no_worker() {
    let mut options = options(&["-c", "echo I am a shell"]);
    options.exe = "/bin/sh".into();
    match error(WorkerProgram::start(recipe(), options)) {
        WorkerError::Silent { how, stderr, .. } => {
            assert_eq!((&*how, &*stderr), ("exited with code 0", "I am a shell"));
        }
        other => panic!("{other:?}"),
    }
}

fn an_executable_that_says_nothing() {
    let mut options = options(&["mute"]);
    options.greeting_timeout = Duration::from_millis(50);
    let error = error(WorkerProgram::start(recipe(), options));
    assert!(matches!(error, WorkerError::Silent { .. }), "{error:?}");
}

fn a_worker_that_dies_at_once() {
    match error(WorkerProgram::start(recipe(), options(&["exit"]))) {
        WorkerError::Silent { how, .. } => assert_eq!(how, "exited with code 7"),
        other => panic!("{other:?}"),
    }
}

fn a_worker_that_dies_while_it_prepares() {
    let error = error(WorkerProgram::start(recipe(), options(&["abort-in-prepare"])));
    match &error {
        WorkerError::Died { how, stderr, .. } => {
            assert!(how.contains("SIGABRT"), "{how}");
            assert_eq!(stderr, "about to abort");
        }
        other => panic!("{other:?}"),
    }
    assert!(error.hint().is_some_and(|hint| hint.contains("about to abort")));
}
