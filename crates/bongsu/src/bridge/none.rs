//! Two parts of which one is not compiled in: nothing to connect.

use crate::{Config, parts::Parts, tasks::Tasks};

pub(super) fn connect(_: &mut Parts, _: &Config, _: &Tasks) {}
