//! One way to a SQLite file that must not be lost.
//!
//! * [`open`] makes it for its owner's eyes only (0600, its folder 0700) and sets what durability needs;
//! * [`migrate`] takes its schema, step by step, to the version that the program knows;
//! * [`Identity`] tells whether the file that is open is still the one under its name: SQLite in WAL
//!   mode goes on writing into a file that was removed;
//! * [`set_aside`] and [`copy_rows`] save what can be saved of a damaged one, row by row;
//! * [`Error`] names the file and the remedy.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod aside;
mod error;
mod file;
mod schema;
mod wal;

pub use aside::{asides, copy_rows, set_aside};
pub use error::{Error, Fault};
pub use file::{Identity, Options, make_folder, open, open_read_only};
pub use schema::{migrate, version};
pub use wal::rebuild;
