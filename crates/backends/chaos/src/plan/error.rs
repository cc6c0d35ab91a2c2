/// The text is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule:?} of the chaos plan: expected {expected}, got {got:?}")]
pub struct PlanError {
    /// The rule that is none.
    pub rule: String,
    /// What the rule should have had.
    pub expected: &'static str,
    /// What it has instead.
    pub got: String,
}
