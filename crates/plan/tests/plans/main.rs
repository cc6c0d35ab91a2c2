//! Plans of whole models: what they consist of, and that they compute what tract computes.

mod real;
mod reference;
mod samples;
