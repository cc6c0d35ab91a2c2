//! What was measured, as a table for people and as JSON for programs.

mod columns;
mod document;
mod efficiency;
mod html;
mod markdown;
mod notes;
mod row;
mod shares;
mod table;

pub use columns::{COLUMNS, cells, figure, percent};
pub use document::{BackendReport, BenchReport, ModelReport};
pub use efficiency::fill_efficiency;
pub use html::html;
pub use markdown::markdown;
pub use row::Row;
pub use shares::fill_shares;
pub use table::{Column, Table, grouped, thousands};
