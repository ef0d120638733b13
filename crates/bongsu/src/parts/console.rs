//! The ops console.

use super::{Parts, Start};
use crate::{Error, bridge::console::Console};

pub(crate) type Settings = ();
pub(crate) type Joined = Option<Console>;

pub(crate) async fn join(cx: &mut Start<'_>, (): Settings, parts: &Parts) -> Result<Joined, Error> {
    Ok(Some(crate::bridge::console::start(
        cx.config, parts, cx.tasks,
    )))
}
