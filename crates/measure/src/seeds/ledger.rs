use std::collections::BTreeMap;

use serde::Deserialize;

use super::Claim;

/// One file a document, and one with the reasons why claims cannot be tested.
const FILES: [&str; 5] = [
    include_str!("ledger/curves.toml"),
    include_str!("ledger/summary.toml"),
    include_str!("ledger/examples.toml"),
    include_str!("ledger/roadmap.toml"),
    include_str!("ledger/deep_dive.toml"),
];
const REASONS: &str = include_str!("ledger/reasons.toml");

/// The ledger's files are not what they should be, which is a defect of this program.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// One is no ledger.
    #[error("failed to read the claims ledger: {0}")]
    Toml(#[from] toml::de::Error),
    /// A claim names a reason that is not there.
    #[error("{document}, line {line}: expected one of the reasons, got {why:?}")]
    Reason {
        /// The document.
        document: String,
        /// The claim's line in it.
        line: u32,
        /// The reason's name.
        why: String,
    },
}

/// All claims, in the order of the documents and their lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    /// The claims.
    pub claims: Vec<Claim>,
    /// What has to be known of each curve that is laid beside this machine's.
    pub caveats: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    document: String,
    claim: Vec<Claim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasons {
    why: BTreeMap<String, String>,
    caveat: BTreeMap<String, String>,
}

impl Ledger {
    /// Reads it.
    ///
    /// # Errors
    /// Every [`LedgerError`], none of which a tested build has.
    pub fn read() -> Result<Self, LedgerError> {
        let reasons: Reasons = toml::from_str(REASONS)?;
        let mut claims = Vec::new();
        for text in FILES {
            let File { document, claim } = toml::from_str(text)?;
            for mut claim in claim {
                claim.document.clone_from(&document);
                if let Some(why) = claim.why.take() {
                    let line = claim.line;
                    let reason = reasons.why.get(&why).cloned();
                    let document = document.clone();
                    claim.why = Some(reason.ok_or(LedgerError::Reason { document, line, why })?);
                }
                claims.push(claim);
            }
        }
        Ok(Self { claims, caveats: reasons.caveat })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_can_be_judged_or_says_why_not() {
        let ledger = Ledger::read().unwrap();
        assert!(ledger.claims.len() > 150, "{}", ledger.claims.len());
        for claim in &ledger.claims {
            let name = format!("{}, line {}", claim.document, claim.line);
            assert!(claim.sum.is_some() || claim.can_be_measured() || claim.why.is_some(), "{name}");
            assert!(!claim.can_be_measured() || claim.test.is_some(), "{name} names no command");
            if let Some(curve) = &claim.curve {
                assert!(ledger.caveats.contains_key(curve), "{name}: {curve}");
            }
        }
    }
}
