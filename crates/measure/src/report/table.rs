use std::fmt;

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Words.
    Left(&'static str),
    /// Figures.
    Right(&'static str),
}

impl Column {
    /// Its title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Left(title) | Self::Right(title) => title,
        }
    }
}

/// A table of text, with its columns aligned and without trailing blanks.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty, surplus ones are left out.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The titles of columns that have these widths, as a line.
    #[must_use]
    pub fn titles(columns: &[(Column, usize)]) -> String {
        let titles: Vec<String> = columns.iter().map(|(column, _)| column.title().to_owned()).collect();
        Self::line(columns, &titles)
    }

    /// One row of columns that have these widths, for tables whose other rows are not known yet. What is wider moves
    /// those behind it.
    #[must_use]
    pub fn line(columns: &[(Column, usize)], cells: &[String]) -> String {
        let padded = columns.iter().zip(cells).map(|(&(column, width), cell)| match column {
            Column::Left(_) => format!("{cell:<width$}"),
            Column::Right(_) => format!("{cell:>width$}"),
        });
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(String::as_str);
        let title = self.columns[column].title();
        cells.chain([title]).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.columns.len()).map(|column| self.width(column)).collect();
        let titles: Vec<String> = self.columns.iter().map(|column| column.title().to_owned()).collect();
        for row in [&titles].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (index, (column, width)) in self.columns.iter().zip(&widths).enumerate() {
                let cell = row.get(index).map_or("", String::as_str);
                line.push_str(if index == 0 { "" } else { "  " });
                match column {
                    Column::Left(_) => line.push_str(&format!("{cell:<width$}")),
                    Column::Right(_) => line.push_str(&format!("{cell:>width$}")),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A figure with three significant digits at least and its thousands set apart: `1,234,567`, `12.3`, `0.123`.
#[must_use]
pub fn grouped(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let decimals = match value.abs() {
        size if size >= 99.95 || size == 0.0 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}{fraction}", set_apart(whole))
}

/// A number with its thousands set apart: `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    set_apart(&number.to_string())
}

fn set_apart(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&[Column::Left("name"), Column::Right("samples/s"), Column::Left("note")]);
        table.row(["raw".to_owned(), "1,234".to_owned()]);
        table.row(["callers".to_owned(), "5".to_owned(), "α".to_owned()]);
        assert_eq!(
            table.to_string(),
            "name     samples/s  note\nraw          1,234\ncallers          5  α\n"
        );
    }

    #[test]
    fn figures_are_readable() {
        let shown = [1_234_567.8, 999.0, 100.0, 12.345, 1.5, 0.12345, 0.0, -1234.0, 99.96, f64::NAN];
        assert_eq!(
            shown.map(grouped),
            ["1,234,568", "999", "100", "12.3", "1.50", "0.123", "0", "-1,234", "100", "-"]
        );
        assert_eq!([0, 12, 1234, 1_000_000].map(thousands), ["0", "12", "1,234", "1,000,000"]);
    }
}
