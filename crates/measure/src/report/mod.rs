//! What was measured, as a table for people and as JSON for programs.

mod document;
mod efficiency;
mod row;
mod shares;
mod table;

pub use document::{BackendReport, BenchReport, ModelReport};
pub use efficiency::fill_efficiency;
pub use row::Row;
pub use shares::fill_shares;
pub use table::{Column, Table, grouped, thousands};
