//! What the scheduler does, one behaviour a test.

mod bursts;
mod deadlines;
mod fixture;
mod joining;
mod lanes;
mod leaving;
mod queueing;
mod windows;
