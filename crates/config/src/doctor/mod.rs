//! What the facts about a machine and the far sides of a service mean. Pure: facts in, a finding out.

mod finding;
pub mod judge;

pub use finding::{Diagnosis, Finding, Verdict};
