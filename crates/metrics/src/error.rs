//! What can go wrong, all of it before the first sample is recorded.

use thiserror::Error;

/// A definition that cannot become a valid page. Recording itself never fails.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The service name is empty.
    #[error("service name is empty")]
    EmptyServiceName,
    /// A metric name that the exposition format does not allow.
    #[error("metric name {name:?} is illegal: {reason}")]
    IllegalName {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A label name that the exposition format does not allow.
    #[error("label name {label:?} of metric {metric:?} is illegal: {reason}")]
    IllegalLabel {
        /// The metric.
        metric: String,
        /// The label name as given.
        label: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Bucket bounds that are not a strictly rising list of finite numbers.
    #[error("buckets of metric {metric:?} are illegal: {reason}")]
    IllegalBuckets {
        /// The metric.
        metric: String,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// The name, or one of the sample names it gives, belongs to another family.
    #[error("metric name {name:?} is already taken by {owner:?}")]
    NameTaken {
        /// The name that was asked for.
        name: String,
        /// The family that owns it.
        owner: String,
    },
    /// More custom families than the configured bound.
    #[error("the bound of {limit} custom families is reached")]
    TooManyFamilies {
        /// The bound.
        limit: usize,
    },
    /// No family in the catalogue or among the custom ones has this name.
    #[error("no metric is named {name:?}")]
    UnknownMetric {
        /// The name that was asked for.
        name: String,
    },
    /// Label names given that are not those of the family.
    #[error("metric {metric:?} has the labels {expected:?}")]
    WrongLabels {
        /// The metric.
        metric: String,
        /// Its label names.
        expected: Vec<String>,
    },
    /// A budget that leaves no room for a single series.
    #[error("series budget of metric {metric:?} is zero")]
    ZeroBudget {
        /// The metric.
        metric: String,
    },
}

/// A global recorder for the `metrics` macros is installed already, in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a global metrics recorder is already installed")]
pub struct AlreadyInstalled;
