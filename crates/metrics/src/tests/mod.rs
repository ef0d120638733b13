//! The crate's tests: what the page says after what was recorded.

mod parse;

mod bounds;
mod catalogue;
mod index;
mod macros;
mod pages;
mod threads;
mod visitor;
