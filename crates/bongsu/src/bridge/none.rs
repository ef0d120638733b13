//! A part that is not compiled in: nothing to connect.
#![allow(dead_code, reason = "which parts are absent depends on the features")]

use bongsu_bridge::runtime::Runtime;

use crate::{
    Config,
    parts::{Parts, alerts, health, outgoing},
    tasks::Tasks,
};

pub(super) fn connect(_: &mut Parts, _: &Config, _: &Tasks) {}

pub(crate) fn checks(
    settings: health::Settings,
    _: &alerts::Offer,
    _: &mut outgoing::Offer,
    _: &Runtime,
) -> health::Settings {
    settings
}
