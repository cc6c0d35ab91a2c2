//! A report as one HTML file that needs nothing else: figures as charts and as a table, in the reader's colours.

mod chart;
mod curves;
mod histogram;
mod page;

pub use page::html;
