use phalanx_plan::Reduction;

use crate::kernels::expression::float;

/// How a reduction is computed: statistics of the row, and what each element or the row becomes by them.
pub(super) struct Reduce {
    /// Statements that compute the statistics.
    pub(super) statistics: String,
    /// The result, of the element `x` where there is one for each, for the row `row` of the thread.
    pub(super) result: String,
}

impl Reduce {
    pub(super) fn new(reduction: Reduction) -> Self {
        let of = |fold: &str| Self {
            statistics: format!("    const Numbers all = x.fold<{fold}>(Itself{{}});"),
            result: "all.of[row]".to_owned(),
        };
        match reduction {
            Reduction::Sum => of("Sum"),
            Reduction::Product => of("Product"),
            Reduction::Max => of("Max"),
            Reduction::Min => of("Min"),
            Reduction::MeanOfSquares => Self {
                statistics: "    const Numbers sum = x.fold<Sum>(Square{});".to_owned(),
                result: "sum.of[row] / float(ROW)".to_owned(),
            },
            Reduction::Softmax => Self {
                statistics: EXPONENTIALS.to_owned(),
                result: "expf(value - max.of[row]) / sum.of[row]".to_owned(),
            },
            Reduction::LogSoftmax => Self {
                statistics: EXPONENTIALS.to_owned(),
                result: "value - max.of[row] - logf(sum.of[row])".to_owned(),
            },
            Reduction::LayerNorm { epsilon } => Self {
                statistics: format!("{MEAN}{}", factor("SquareFrom{mean}", epsilon)),
                result: "(value - mean.of[row]) * factor.of[row]".to_owned(),
            },
            Reduction::RmsNorm { epsilon } => {
                Self { statistics: factor("Square{}", epsilon), result: "value * factor.of[row]".to_owned() }
            }
        }
    }
}

const EXPONENTIALS: &str = "    const Numbers max = x.fold<Max>(Itself{});
    const Numbers sum = x.fold<Sum>(ExpFrom{max});";

const MEAN: &str = "    Numbers mean = x.fold<Sum>(Itself{});
#pragma unroll
    for (int row = 0; row < ROWS; ++row) mean.of[row] /= float(ROW);
";

/// One over the root of a mean.
fn factor(of: &str, epsilon: f32) -> String {
    format!(
        "    Numbers factor = x.fold<Sum>({of});
#pragma unroll
    for (int row = 0; row < ROWS; ++row) {{
        factor.of[row] = 1.0f / sqrtf(factor.of[row] / float(ROW) + {});
    }}",
        float(epsilon)
    )
}
