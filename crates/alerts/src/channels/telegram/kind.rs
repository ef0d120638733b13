//! Telegram's bots as an operator asks for it.

use super::super::kind::{ChannelKind, ChannelVariable, Make};

pub(super) const KIND: ChannelKind = ChannelKind {
    name: "telegram",
    variables: VARIABLES,
    min_level: Some("TELEGRAM_MIN_LEVEL"),
    review: |_| Vec::new(),
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[
    ChannelVariable::new("TELEGRAM_BOT_TOKEN", "token", "together with `TELEGRAM_CHAT_ID`").secret().shared().needs("TELEGRAM_CHAT_ID"),
    ChannelVariable::new("TELEGRAM_CHAT_ID", "chat", "chats to write to, separated by commas: `-1001234567890`, `@desk`, or `-1001234567890/42` for a topic").shared().needs("TELEGRAM_BOT_TOKEN"),
];

#[cfg(not(feature = "telegram"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "telegram")]
const MAKE: Option<Make> = Some(|asked, made| {
    let token = asked.given.secret("TELEGRAM_BOT_TOKEN");
    if let (Some(token), Some(_)) = (token, asked.given.text("TELEGRAM_CHAT_ID")) {
        let chats = asked.given.items("TELEGRAM_CHAT_ID");
        let channel = crate::channels::TelegramChannel::new(token.clone(), chats);
        let channel = channel.and_then(|it| it.with_http(&asked.way.http()));
        made.keep(VARIABLES, channel);
    }
});
