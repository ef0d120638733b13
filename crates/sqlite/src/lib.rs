//! One way to a SQLite file that must not be lost.
//!
//! * [`open`] makes it for its owner's eyes only (0600, its folder 0700) and sets what durability needs;
//! * [`look`] tells of a file, or a log, of which SQLite would silently see a part only;
//! * [`Schema`] takes it, step by step, to the version that the program knows;
//! * [`Identity`] tells whether the file that is open is still the one under its name: SQLite in WAL
//!   mode goes on writing into a file that was removed;
//! * [`replace`] puts a damaged one aside and saves what can be saved, row by row;
//! * [`OwnFile`] does all of this for whoever writes one statement after another;
//! * [`Error`] names the file and the remedy.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod aside;
mod error;
mod file;
mod look;
mod own;
mod replace;
mod schema;
mod wal;

pub use aside::{asides, copy_rows};
pub use error::{Error, Fault};
pub use file::{Identity, Options, make_folder, open, open_read_only};
pub use look::look;
pub use own::OwnFile;
pub use replace::{Replaced, replace};
pub use schema::Schema;
