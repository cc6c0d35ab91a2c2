use std::fmt::Write;

use phalanx_measure::report::{Column, Table};

use crate::settings::{ModelSettings, Scope, Settings};
use crate::terminal::title;

/// A configuration, for people: a table a scope, titled as a configuration file titles it.
pub(super) fn tables(settings: &Settings) -> String {
    let mut text = format!("{}\n{}", title("[server]"), table(&settings.server_scope));
    let defaults = table(&settings.defaults);
    // Writing to a text cannot fail.
    let _ = write!(text, "\n{}\n{defaults}", title("[defaults]"));
    for model in &settings.models {
        let _ = write!(text, "\n{}\n{}\n{}", title(&name(model)), place(model), table(&model.scope));
    }
    text
}

fn name(model: &ModelSettings) -> String {
    format!("[models.{}]", model.name)
}

fn place(model: &ModelSettings) -> String {
    match &model.path {
        Some(path) => format!("{} (from {})\n", path.display(), model.source),
        None => format!(
            "in the repository (from {}); its own config.pbtxt goes before [defaults]\n",
            model.source
        ),
    }
}

fn table(scope: &Scope) -> Table {
    let mut table = Table::new(&[Column::Left("option"), Column::Left("value"), Column::Left("from")]);
    for setting in scope.settings() {
        let value = setting.text().filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned());
        table.row([setting.option.key().to_owned(), value, setting.source.to_string()]);
    }
    table
}
