//! The channels that come with the crate, one file and one feature each. [`LogChannel`] needs none.

mod log;

pub use log::LogChannel;
