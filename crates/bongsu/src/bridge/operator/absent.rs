//! What an operator meets of a part that is not compiled in: nothing.
#![allow(dead_code, reason = "which parts are absent depends on the features")]

use bongsu_ops::{Operator, Snapshot};
use jiff::Timestamp;

use crate::{Config, parts::Parts, tasks::Tasks};

#[derive(Clone, Debug)]
pub(super) struct Desk;

impl Desk {
    pub(super) fn new(_: &Config, _: &Parts) -> Self {
        Self
    }

    pub(super) fn join(&self, operator: Operator) -> Operator {
        operator
    }

    pub(super) fn fill(&self, _: &mut Snapshot) {}

    pub(super) fn fill_firing(&self, _: &mut Snapshot) {}

    pub(super) fn firing_count(&self) -> Option<f64> {
        None
    }

    pub(super) fn read(&self, _: Timestamp) {}

    pub(super) fn follow(&self, _: &Tasks) {}
}
