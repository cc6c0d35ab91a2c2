use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::nearest::nearest;
use super::table::{self, Opt};
use super::{Source, toml_value};
use crate::failure::Failure;

/// A configuration file is written by hand.
const BYTES_MAX: u64 = 1 << 20;

/// A model's key that no option has: where its file is.
const PATH: &str = "path";

/// What a configuration file says.
#[derive(Debug, Default)]
pub(super) struct File {
    /// `[server]`.
    pub(super) server: Table,
    /// `[defaults]`.
    pub(super) defaults: Table,
    /// `[verify]`.
    pub(super) verify: Table,
    /// `[models.NAME]`, in the file's order.
    pub(super) models: Vec<Model>,
}

/// `[models.NAME]`.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: String,
    /// Where the table begins.
    pub(super) source: Source,
    /// The .onnx file.
    pub(super) path: Option<Written>,
    pub(super) engine: Table,
}

/// Options by their keys.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<String, Written>);

/// What is written for a key.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) values: Vec<OsString>,
    pub(super) source: Source,
}

impl Table {
    /// What is written for an option, if anything.
    pub(super) fn get(&self, option: &Opt) -> Option<&Written> {
        self.0.get(option.key())
    }
}

impl File {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// A failure that names the file, the line and the key.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error: &std::io::Error| Failure::file("read", path, error);
        let bytes = std::fs::metadata(path).map_err(|error| unreadable(&error))?.len();
        if bytes > BYTES_MAX {
            let place = path.display();
            return Err(Failure::new(format_args!(
                "{place}: expected a configuration of at most {BYTES_MAX} bytes, got {bytes}"
            )));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        Self::parse(path, &text)
    }

    /// Reads `text`, the content of `path`.
    ///
    /// # Errors
    /// As [`File::read`].
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let reader =
            Reader { file: path.display().to_string(), folder: path.parent().unwrap_or(Path::new("")), text };
        let document = DeTable::parse(text)
            .map_err(|error| reader.failure(error.span().map_or(0, |span| span.start), error.message()))?;
        reader.document(document.get_ref())
    }
}

/// Reads one file.
struct Reader<'a> {
    file: String,
    /// What its relative paths are relative to.
    folder: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn document(&self, document: &DeTable<'_>) -> Result<File, Failure> {
        let mut file = File::default();
        for (key, value) in document {
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            match name {
                "server" => file.server = self.options(name, at, value.get_ref(), &table::server())?.0,
                "defaults" => file.defaults = self.options(name, at, value.get_ref(), &table::engine())?.0,
                "verify" => file.verify = self.options(name, at, value.get_ref(), &table::verify())?.0,
                "models" => file.models = self.models(at, value.get_ref())?,
                other => return Err(self.stray(other, at)),
            }
        }
        Ok(file)
    }

    fn models(&self, at: usize, value: &DeValue<'_>) -> Result<Vec<Model>, Failure> {
        let table = self.table("models", at, value)?;
        let models = table.iter().map(|(key, value)| {
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            let (engine, path) =
                self.options(&format!("models.{name}"), at, value.get_ref(), &table::engine())?;
            Ok(Model { name: name.to_owned(), source: self.source(at), path, engine })
        });
        let mut models = models.collect::<Result<Vec<_>, Failure>>()?;
        models.sort_by_key(|model| match model.source {
            Source::File { line, .. } => line,
            _ => 0,
        });
        Ok(models)
    }

    /// The options that a table holds, and the path that a model's may hold beside them.
    fn options(
        &self,
        name: &str,
        at: usize,
        value: &DeValue<'_>,
        known: &[Opt],
    ) -> Result<(Table, Option<Written>), Failure> {
        let is_model = name.starts_with("models.");
        let (mut options, mut path) = (BTreeMap::new(), None);
        for (key, value) in self.table(name, at, value)? {
            let (key, at) = (key.get_ref().as_ref(), key.span().start);
            let wrong = |reason: String| self.failure(at, &format!("{name}.{key}: {reason}"));
            let source = self.source(at);
            if is_model && key == PATH {
                let place = toml_value::path(value.get_ref(), self.folder).map_err(wrong)?;
                path = Some(Written { values: vec![place], source });
                continue;
            }
            let option = known.iter().find(|option| option.key() == key);
            let option = option.ok_or_else(|| self.unknown(name, key, at, known, is_model))?;
            let values = toml_value::values(option, value.get_ref(), self.folder).map_err(wrong)?;
            values.iter().try_for_each(|value| option.check(value)).map_err(wrong)?;
            options.insert(key.to_owned(), Written { values, source });
        }
        Ok((Table(options), path))
    }

    fn table<'v, 'i>(
        &self,
        name: &str,
        at: usize,
        value: &'v DeValue<'i>,
    ) -> Result<&'v DeTable<'i>, Failure> {
        match value {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.failure(at, &format!("{name}: expected a table, as [{name}] begins one"))),
        }
    }

    /// A key of the document that is none of its tables.
    fn stray(&self, key: &str, at: usize) -> Failure {
        let failure = self.failure(at, &format!("unknown key {key:?}"));
        match home(key) {
            Some(home) => failure.hint(format!("{key} belongs in {home}")),
            None => match nearest(key, ["server", "defaults", "models", "verify"]) {
                Some(meant) => failure.hint(format!("is [{meant}] meant?")),
                None => failure.hint("expected the tables [server], [defaults], [models.NAME] and [verify]"),
            },
        }
    }

    /// A key of a table that is no option of it.
    fn unknown(&self, name: &str, key: &str, at: usize, known: &[Opt], is_model: bool) -> Failure {
        let failure = self.failure(at, &format!("unknown key {key:?} in [{name}]"));
        if let Some(home) = home(key) {
            return failure.hint(format!("{key} belongs in {home}"));
        }
        let keys = known.iter().map(Opt::key).chain(is_model.then_some(PATH));
        match nearest(key, keys) {
            Some(meant) => failure.hint(format!("is {meant} meant?")),
            None => failure.hint("`phalanx config show` lists all options"),
        }
    }

    fn source(&self, at: usize) -> Source {
        Source::file(&self.file, self.line(at))
    }

    fn failure(&self, at: usize, reason: &str) -> Failure {
        Failure::new(format_args!("{}:{}: {reason}", self.file, self.line(at)))
    }

    /// The line that the byte at `at` is in, from 1.
    fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|&byte| byte == b'\n').count()
    }
}

/// The tables in which an option may be.
fn home(key: &str) -> Option<&'static str> {
    let is = |options: Vec<Opt>| options.iter().any(|option| option.key() == key);
    if is(table::server()) {
        Some("[server]")
    } else if is(table::engine()) {
        Some("[defaults], or in a model's own [models.NAME]")
    } else if is(table::verify()) {
        Some("[verify]")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<File, Failure> {
        File::parse(Path::new("phalanx.toml"), text)
    }

    /// Lines that are nearly a configuration.
    fn line() -> impl Strategy<Value = String> {
        let key = prop_oneof![
            prop::sample::select(vec![
                "http",
                "max_batch",
                "slo",
                "pad",
                "path",
                "allow_shared_memory",
                "warmup"
            ]),
            Just("models"),
        ];
        let value = prop_oneof![
            Just("true".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| number.to_string()),
            "\"[a-z0-9:,]{0,8}\"",
            Just("[\"x:1:2\", 3]".to_owned()),
            Just("{ a = 1 }".to_owned()),
        ];
        prop_oneof![
            "\\[(server|defaults|models|models\\.[a-z\"]{1,3})\\]",
            (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
            ".{0,12}",
        ]
    }

    proptest! {
        /// Whatever a file holds, it is read or refused with a place in it.
        #[test]
        fn a_refusal_names_a_line_of_the_file(lines in prop::collection::vec(line(), 0..8)) {
            let text = lines.join("\n");
            if let Err(failure) = parse(&text) {
                let Failure::Failed { message, .. } = failure else { panic!("{failure:?}") };
                let place = message.strip_prefix("phalanx.toml:").and_then(|rest| rest.split_once(':'));
                let line: usize = place.unwrap_or_else(|| panic!("{message}")).0.parse().unwrap();
                // The end of a text that ends too early is a line of its own.
                prop_assert!(line >= 1 && line <= text.split('\n').count() + 1, "{message}");
            }
        }

        #[test]
        fn what_is_written_is_what_is_read(batch in 1_usize..1 << 30, name in "[a-z][a-z0-9_-]{0,8}") {
            let text = format!("# a model\n[models.{name}]\npath = \"m.onnx\"\nmax_batch = {batch}\n");
            let file = parse(&text).unwrap();
            let model = &file.models[0];
            let option = table::engine().into_iter().find(|option| option.key() == "max_batch").unwrap();
            let written = model.engine.get(&option).unwrap();
            prop_assert_eq!(&model.name, &name);
            prop_assert_eq!(&written.values[..], [OsString::from(batch.to_string())]);
            prop_assert_eq!(&written.source, &Source::file("phalanx.toml", 4));
        }
    }
}
