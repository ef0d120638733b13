//! The rules, one file a subject.

mod bongsu;
mod host;
mod service;
mod slo;
mod stores;
mod trading;

use crate::rule::Group;

/// All groups, in the order of the runbook.
#[must_use]
pub fn groups() -> Vec<Group> {
    vec![
        service::group(),
        slo::group(),
        host::group(),
        trading::group(),
        stores::group(),
        bongsu::group(),
    ]
}

/// The labels of a case's only instance.
const HERE: &[(&str, &str)] = &[("instance", "a"), ("job", "x")];
/// The same where only the job is kept.
const JOB: &[(&str, &str)] = &[("job", "x")];
