use super::ConfigError;
use super::fields::Given;

/// Versions that can be asked for by number.
const SPECIFIC_MAX: usize = 1024;

/// Which of the versions that are there are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::repository) enum VersionPolicy {
    /// This many, those with the highest numbers.
    Latest(usize),
    /// Every one.
    All,
    /// These.
    Specific(Vec<u64>),
}

impl Default for VersionPolicy {
    fn default() -> Self {
        Self::Latest(1)
    }
}

impl VersionPolicy {
    /// Those to be served where `present`, which ascends, are there. Specific ones are, whether they are there or not.
    pub(in crate::repository) fn choose(&self, present: &[u64]) -> Vec<u64> {
        match self {
            Self::Latest(count) => present[present.len().saturating_sub(*count)..].to_vec(),
            Self::All => present.to_vec(),
            Self::Specific(versions) => versions.clone(),
        }
    }
}

pub(super) fn read(given: &Given<'_>) -> Result<VersionPolicy, ConfigError> {
    let mut fields = given.message()?;
    let latest = fields.read("latest", |latest| {
        let mut fields = latest.message()?;
        let count = fields.read("num_versions", |count| count.number::<u32>(1))?;
        fields.finish()?;
        Ok(VersionPolicy::Latest(count.map_or(1, |count| count as usize)))
    })?;
    let all = fields.read("all", |all| {
        all.message()?.finish()?;
        Ok(VersionPolicy::All)
    })?;
    let specific = fields.read("specific", |specific| {
        let mut fields = specific.message()?;
        let versions = fields.many("versions").map(|version| version.number(1));
        let versions: Vec<u64> = versions.collect::<Result<_, _>>()?;
        fields.finish()?;
        match versions.len() {
            1..=SPECIFIC_MAX => Ok(VersionPolicy::Specific(versions)),
            count => Err(specific.wrong(format!("1 to {SPECIFIC_MAX} versions"), count.to_string())),
        }
    })?;
    fields.finish()?;
    let mut said = [latest, all, specific].into_iter().flatten();
    match (said.next(), said.next()) {
        (Some(policy), None) => Ok(policy),
        (None, _) => Ok(VersionPolicy::default()),
        (Some(_), Some(_)) => Err(given.wrong("one of latest, all and specific", "several")),
    }
}
