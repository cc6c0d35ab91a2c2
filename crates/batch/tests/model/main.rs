//! The scheduler against a model of what it has promised: random callers, lanes that fail, and time.

mod callers;
mod lanes;
mod model;
mod requests;
mod step;
mod work;

use model::Model;
use proptest::prelude::*;
use step::{Setup, Step};

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn keeps_its_promises(setup in Setup::any(), steps in prop::collection::vec(Step::any(), 1..250)) {
        let mut model = Model::new(&setup);
        for step in steps {
            model.apply(&step);
        }
        model.run_out();
    }
}
