//! A part that is not compiled in: it takes nothing, does nothing, and offers nothing.
#![allow(dead_code, reason = "which parts are absent depends on the features")]

use std::path::Path;

use super::{Parts, Start};
use crate::{
    Config, Error,
    config::{Findings, Variable},
    doctor::Finding,
};

#[derive(Debug, Default)]
pub(crate) struct Absent;

pub(crate) type Settings = Absent;
pub(crate) type Offer = Absent;
pub(crate) type Joined = Absent;

pub(crate) async fn start(_: &mut Start<'_>, _: Settings) -> Result<Offer, Error> {
    Ok(Absent)
}

pub(crate) async fn join(_: &mut Start<'_>, _: Settings, _: &Parts) -> Result<Joined, Error> {
    Ok(Absent)
}

pub(crate) async fn doctor(_: &Config, _: Settings) -> Vec<Finding> {
    Vec::new()
}

pub(crate) fn run(_: &mut Start<'_>, _: &Offer) {}

/// The service is about to end.
pub(crate) fn drain(_: &Absent) {}

/// Nobody will read its variables.
pub(crate) const VARIABLES: &[Variable] = &[];

pub(crate) fn check(_: &mut Config, _: &mut Findings) {}

pub(crate) fn judge_level(_: &str) -> Result<(), String> {
    Ok(())
}

pub(crate) fn judge_preset(preset: &str) -> Result<String, String> {
    Ok(preset.to_owned())
}

pub(crate) fn judge_format(format: &str) -> Result<String, String> {
    Ok(format.to_owned())
}

pub(crate) fn free_bytes(_: &Path) -> Option<u64> {
    None
}
