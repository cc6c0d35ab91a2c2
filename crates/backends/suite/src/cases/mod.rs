//! The cases, grouped by what they are about.

mod dtypes;
mod errors;
mod lanes;
mod options;
mod rows;
mod shapes;
mod sweep;
mod values;

use crate::Subject;

/// One case of the suite.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name, and that of its test.
    pub name: &'static str,
    /// Panics where the subject fails it.
    pub run: fn(&Subject),
}

/// Makes the list of cases, and the macro that turns each into a test. `$d` stands for the dollar sign.
macro_rules! cases {
    ($d:tt $($module:ident: $($name:ident)*;)*) => {
        /// Every case.
        pub const CASES: &[Case] = &[$($(Case { name: stringify!($name), run: $module::$name }),*),*];

        /// One `#[test]` for each case, run on the subject (or `Option` of one) that the expression gives.
        #[macro_export]
        macro_rules! backend_suite {
            ($d subject:expr) => {
                $($(
                    #[test]
                    fn $name() {
                        $crate::check($d subject, stringify!($name));
                    }
                )*)*
            };
        }
    };
}

cases! { $
    dtypes:
        identity_f16 identity_bf16 identity_f32 identity_f64 identity_bool
        identity_i8 identity_i16 identity_i32 identity_i64
        identity_u8 identity_u16 identity_u32 identity_u64 identity_string;
    values:
        tiny_values two_outputs_values f16_values mlp_values conv_values encoder_values sequence_values
        external_data_values several_inputs_values;
    rows:
        tiny_rows_in_every_position mlp_rows_in_every_position
        conv_rows_in_batches encoder_rows_in_batches sequence_rows_in_batches
        padded_rows dependent_rows_are_not_hidden nan_and_infinity_stay_in_their_row;
    shapes:
        fixed_batch no_batch_axis data_dependent_shape free_axes_of_many_sizes unnamed_axes a_request_without_rows;
    errors:
        unknown_operator wrong_tails wrong_single_inputs a_failed_run_leaves_slot_and_lane unknown_device;
    lanes:
        two_lanes_agree_with_one several_batches_in_flight a_slot_serves_many_batches
        inputs_may_be_read_only
        a_slot_outlives_lane_and_program;
    options:
        optimization_levels_agree threads_agree rows_max_is_respected more_shapes_than_are_kept describes_itself;
    sweep:
        random_models;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CASES.len());
    }
}
