use serde::Serialize;

use super::sum::sum;
use super::{Claim, Figures};

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// Nothing here can tell.
    NotTestable,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::NotTestable => "not testable here",
        }
    }
}

/// A claim, what its document's own figures give, and what this machine does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The document.
    pub document: String,
    /// The line.
    pub line: u32,
    /// What it says.
    pub says: String,
    /// The figure.
    pub claimed: Option<f64>,
    /// What its own figures give.
    pub own_sum: Option<f64>,
    /// What this machine gives, where that can be compared.
    pub here: Option<f64>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why.
    pub because: String,
    /// The command that tests it.
    pub test: Option<String>,
}

/// Judges a claim by its own sums first, and by what was measured here then.
#[must_use]
pub fn judge(claim: &Claim, figures: &Figures) -> Judged {
    let own_sum = claim.sum.as_deref().and_then(sum);
    let here = here(claim, figures);
    let (verdict, because) = verdict(claim, own_sum, here);
    Judged {
        document: claim.document.clone(),
        line: claim.line,
        says: claim.says.clone(),
        claimed: claim.claimed,
        own_sum,
        here,
        verdict,
        because,
        test: claim.test.clone(),
    }
}

fn here(claim: &Claim, figures: &Figures) -> Option<f64> {
    match (&claim.ratio, &claim.row) {
        (Some([over, under]), _) => Some(figures.get(over)? / figures.get(under).filter(|rate| *rate > 0.0)?),
        (None, Some(row)) => figures.get(row),
        (None, None) => None,
    }
}

fn verdict(claim: &Claim, own_sum: Option<f64>, here: Option<f64>) -> (Verdict, String) {
    if let Some((own, claimed)) = own_sum.zip(claim.claimed)
        && (own - claimed).abs() > claim.slack.max(1e-9) * claimed.abs()
    {
        return (Verdict::Fails, "its own figures give another".to_owned());
    }
    if claim.can_be_measured() {
        return match here {
            Some(here) if holds(claim, here) => (Verdict::Holds, "measured here".to_owned()),
            Some(_) => (Verdict::Fails, "measured here".to_owned()),
            None => {
                (Verdict::NotTestable, "the row was not measured, or could not be on this device".to_owned())
            }
        };
    }
    match &claim.why {
        Some(why) => (Verdict::NotTestable, why.clone()),
        None => (Verdict::Holds, "as a sum; nothing was claimed of other machines".to_owned()),
    }
}

/// Whether a figure of this machine is what a claim says.
fn holds(claim: &Claim, here: f64) -> bool {
    let is_within = claim.within.zip(claim.claimed).is_none_or(|(factor, claimed)| {
        let off = here / claimed;
        (1.0 / factor..=factor).contains(&off)
    });
    is_within
        && claim.at_least.is_none_or(|least| here >= least)
        && claim.at_most.is_none_or(|most| here <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(rates: &[(&str, f64)]) -> Figures {
        let rows: Vec<_> = rates
            .iter()
            .map(|(strategy, rate)| serde_json::json!({"strategy": strategy, "samples_per_s": rate}))
            .collect();
        Figures::parse(&serde_json::json!({ "rows": rows }).to_string()).unwrap()
    }

    fn judged(claim: &str, rates: &[(&str, f64)]) -> Judged {
        let claim: Claim = toml::from_str(&format!("line = 1\nsays = 'x'\n{claim}")).unwrap();
        judge(&claim, &figures(rates))
    }

    const RATIO: &str =
        "claimed = 30.0\nwithin = 1.5\nratio = [{strategy = 'batching'}, {strategy = 'threads'}]";

    #[test]
    fn a_sum_that_does_not_add_up_fails_whatever_this_machine_gives() {
        let sum = format!("sum = '50600 / 1100'\nslack = 0.02\n{}", RATIO.replace("30.0", "62.0"));
        let judged = judged(&sum, &[("batching", 62.0), ("threads", 1.0)]);
        assert_eq!((judged.verdict, judged.own_sum, judged.here), (Verdict::Fails, Some(46.0), Some(62.0)));
    }

    #[test]
    fn what_was_measured_decides() {
        assert_eq!(judged(RATIO, &[("batching", 40.0), ("threads", 1.0)]).verdict, Verdict::Holds);
        assert_eq!(judged(RATIO, &[("batching", 4.0), ("threads", 1.0)]).verdict, Verdict::Fails);
        assert_eq!(judged(RATIO, &[("batching", 4.0)]).verdict, Verdict::NotTestable);
    }

    #[test]
    fn an_absolute_figure_of_another_machine_is_laid_beside_and_not_judged() {
        let judged =
            judged("claimed = 5.0\nrow = {strategy = 'raw'}\nwhy = 'another machine'", &[("raw", 7.0)]);
        assert_eq!((judged.verdict, judged.here), (Verdict::NotTestable, Some(7.0)));
        assert_eq!(judged.because, "another machine");
    }
}
