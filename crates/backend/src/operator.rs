/// How long one operator of a prepared model takes.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorTime {
    /// Its kind, as the runtime calls it after its rewrites.
    pub operator: String,
    /// The name of its node.
    pub node: String,
    /// Mean time of a run, in nanoseconds.
    pub mean_ns: f64,
}
