//! A part that is not compiled in: it takes nothing, does nothing, and offers nothing.
#![allow(dead_code, reason = "which parts are absent depends on the features")]

use bongsu_desks::Part;

use super::{Parts, Start};
use crate::{Config, Error, doctor::Finding};

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

/// What an operator meets of it: nothing.
pub(crate) fn desk(_: &Config, _: &Parts) -> Option<Box<dyn Part>> {
    None
}

/// The service is about to end.
pub(crate) fn drain(_: &Absent) {}
