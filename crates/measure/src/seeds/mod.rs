//! What the documents that this project comes from claim, beside what this machine gives.

mod claim;
mod curve;
mod figures;
mod judge;
mod ledger;
mod sum;

pub use claim::{Claim, Field, Selector};
pub use curve::{Curve, Point, curves};
pub use figures::{Figures, FiguresError};
pub use judge::{Judged, Verdict, judge};
pub use ledger::{Ledger, LedgerError};
