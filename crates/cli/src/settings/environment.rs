use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::nearest::nearest;
use super::table::{Opt, PREFIX};

/// What separates the values of a list: none of the lists' values holds it, unlike commas and colons.
const SEPARATOR: char = ';';

/// Names the configuration file.
pub(super) const CONFIG: &str = "PHALANX_CONFIG";

/// The variables of the environment that are meant for this program.
#[derive(Debug, Default)]
pub(super) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// Those of this process.
    pub(super) fn here() -> Self {
        std::env::vars_os().collect()
    }

    /// The configuration file that is named there.
    pub(super) fn config(&self) -> Option<&OsStr> {
        self.0.get(CONFIG).map(OsString::as_os_str)
    }

    /// The values given for an option, if any.
    pub(super) fn get(&self, option: &Opt) -> Option<Vec<OsString>> {
        let value = self.0.get(&option.variable())?;
        Some(match value.to_str() {
            Some(text) if option.is_list() => text.split(SEPARATOR).map(|part| part.trim().into()).collect(),
            _ => vec![value.clone()],
        })
    }

    /// A sentence on every variable that nobody reads and that is spelt nearly like one that somebody does. Others may
    /// well be somebody else's: where a service is called phalanx, Kubernetes sets PHALANX_PORT.
    pub(super) fn misspelt(&self, options: &[Opt]) -> Vec<String> {
        let known: Vec<String> = options.iter().map(Opt::variable).chain([CONFIG.to_owned()]).collect();
        let unknown = self.0.keys().filter(|variable| !known.contains(variable));
        let near = unknown.filter_map(|variable| {
            // What they begin with is the same for all and tells nothing.
            let names = known.iter().map(|known| &known[PREFIX.len()..]);
            let meant = nearest(&variable[PREFIX.len()..], names)?;
            Some(format!("the environment's {variable} is not read; is {PREFIX}{meant} meant?"))
        });
        near.collect()
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    /// An empty variable is as good as none, as many programs have it.
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(variables: T) -> Self {
        let named = variables.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self(named.filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }

    #[test]
    fn lists_are_separated() {
        let option = table::server().into_iter().find(|option| option.key() == "cors_origin").unwrap();
        let given = environment(&[("PHALANX_CORS_ORIGIN", "http://a; http://b:1"), ("PHALANX_HTTP", "")]);
        assert_eq!(given.get(&option).unwrap(), ["http://a", "http://b:1"]);
        assert_eq!(given.get(&table::server()[0]), None);
    }

    #[test]
    fn only_slips_are_spoken_of() {
        let given = environment(&[
            ("PHALANX_MAX_BATCHES", "3"),
            ("PHALANX_PORT", "tcp://10.0.0.1:8000"),
            ("PHALANX_SERVICE_HOST", "10.0.0.1"),
            ("PHALANX_LANES", "1"),
            ("LANES", "1"),
        ]);
        let warnings = given.misspelt(&[table::server(), table::engine()].concat());
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].contains("PHALANX_MAX_BATCHES") && warnings[0].contains("PHALANX_MAX_BATCH meant")
        );
    }
}
