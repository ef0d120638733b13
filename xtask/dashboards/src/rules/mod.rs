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

/// Labels that tell the instances of a service apart, and nothing else. A rule about the whole service sums
/// these away and keeps all others: whoever routes by a label of the target (`team`, `environment`) gets it.
const EACH: &str = "instance, pod, container, node";

/// Over a service's instances and over these labels of the metric.
fn over(labels: &str, inner: &str) -> String {
    let comma = if labels.is_empty() { "" } else { ", " };
    format!("sum without ({EACH}{comma}{labels}) ({inner})")
}

/// A counter that grew within the time: also by a series that began within it, which `increase` cannot see.
fn grew(counter: &str, time: &str) -> String {
    format!("increase({counter}[{time}]) > 0 or ({counter} > 0 unless {counter} offset {time})")
}

/// The same over the instances of a service.
fn grew_over(labels: &str, counter: &str, time: &str) -> String {
    let increase = over(labels, &format!("increase({counter}[{time}])"));
    let begun = over(
        labels,
        &format!("{counter} > 0 unless {counter} offset {time}"),
    );
    format!("{increase} > 0 or {begun} > 0")
}

/// The labels of a case's only instance.
const HERE: &[(&str, &str)] = &[("instance", "a"), ("job", "x")];
/// The same where only the job is kept.
const JOB: &[(&str, &str)] = &[("job", "x")];
