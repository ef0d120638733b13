//! What messages have in common, before each channel gives them its own form.
//!
//! Everything a caller wrote is hostile until it is escaped for the place it goes to, and is cut on
//! a character boundary under the limit of that place; a cut says so in the text.

pub mod fit;
mod korean;
pub mod runbook;
pub mod value;
pub mod view;
pub mod words;

#[cfg(test)]
#[allow(dead_code, reason = "each channel is tried on its part")]
pub(crate) mod samples;
