//! The program as its users have it: what it prints where, and how it ends.

mod arrays;
mod bench;
mod demo;
mod errors;
mod inspect;
mod models;
mod program;
mod run;
mod streams;
mod usage;
