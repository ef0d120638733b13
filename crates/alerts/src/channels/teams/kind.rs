//! Microsoft Teams as an operator asks for it.

use super::super::kind::{ChannelKind, ChannelVariable, Make};

pub(super) const KIND: ChannelKind = ChannelKind {
    name: "teams",
    variables: VARIABLES,
    min_level: Some("TEAMS_MIN_LEVEL"),
    review: |_| Vec::new(),
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[ChannelVariable::new(
    "TEAMS_WEBHOOK_URL",
    "url",
    "workflow URL, or several separated by commas",
)
.urls()
.shared()];

#[cfg(not(feature = "teams"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "teams")]
const MAKE: Option<Make> = Some(|asked, made| {
    made.keep_each(VARIABLES, asked, "teams", |it, id| {
        let channel = crate::channels::TeamsChannel::new(it)?;
        channel.with_id(id).with_http(&asked.way.http())
    });
});
