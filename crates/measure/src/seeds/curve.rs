use serde::Serialize;

use super::{Claim, Figures, Ledger};

/// A table of the documents, and the same of this machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// What it shows.
    pub name: String,
    /// What has to be known before the two are compared.
    pub caveat: String,
    /// Its points.
    pub points: Vec<Point>,
}

/// One point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Document and line.
    pub place: String,
    /// What was run.
    pub what: String,
    /// What the document claims.
    pub seeds: f64,
    /// The same as a multiple of the curve's first point.
    pub seeds_of_first: f64,
    /// What this machine gives.
    pub here: Option<f64>,
    /// As a multiple of its own first point.
    pub here_of_first: Option<f64>,
}

/// All curves, in the order of the ledger.
#[must_use]
pub fn curves(ledger: &Ledger, figures: &Figures) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for claim in &ledger.claims {
        let Some((name, seeds)) = claim.curve.clone().zip(claim.claimed) else { continue };
        let caveat = ledger.caveats.get(&name).cloned().unwrap_or_default();
        let known = curves.iter().position(|curve| curve.name == name);
        let place = known.unwrap_or_else(|| {
            curves.push(Curve { name, caveat, points: Vec::new() });
            curves.len() - 1
        });
        let first = curves[place].points.first().cloned();
        let here = here(claim, figures);
        let seeds_of_first = first.as_ref().map_or(1.0, |first| seeds / first.seeds);
        let first_here = first.map_or(here, |first| first.here);
        curves[place].points.push(Point {
            place: format!("{}:{}", claim.document, claim.line),
            what: claim.says.split(':').next().unwrap_or_default().to_owned(),
            seeds,
            seeds_of_first,
            here,
            here_of_first: here.zip(first_here).map(|(here, first)| here / first),
        });
    }
    curves
}

/// In what the document counts: some count batches.
fn here(claim: &Claim, figures: &Figures) -> Option<f64> {
    let rate = figures.get(claim.row.as_ref()?)?;
    let rows = claim.unit.as_deref().and_then(|unit| unit.strip_prefix("batch "));
    Some(rate / rows.map_or(Some(1.0), |rows| rows.parse::<f64>().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_told_by_their_own_beginning() {
        let claims = [("a: one", 10.0, "1"), ("a: four", 30.0, "4")].map(|(says, claimed, n)| {
            let row = format!("row = {{strategy = 'threads', threads = '{n}'}}");
            let text = format!(
                "line = 1\nsays = '{says}'\nclaimed = {claimed:?}\ncurve = 'a'\nunit = 'batch 2'\n{row}"
            );
            toml::from_str::<Claim>(&text).unwrap()
        });
        let rows = [("1", 200.0), ("4", 300.0)].map(|(threads, rate)| {
            serde_json::json!({"strategy": "threads", "parameters": {"threads": threads}, "samples_per_s": rate})
        });
        let figures = Figures::parse(&serde_json::json!({ "rows": rows }).to_string()).unwrap();
        let ledger = Ledger { claims: claims.into(), caveats: [("a".to_owned(), "b".to_owned())].into() };
        let curves = curves(&ledger, &figures);
        assert_eq!((curves.len(), &*curves[0].caveat), (1, "b"));
        let last = &curves[0].points[1];
        assert_eq!((last.seeds_of_first, last.here, last.here_of_first), (3.0, Some(150.0), Some(1.5)));
    }
}
