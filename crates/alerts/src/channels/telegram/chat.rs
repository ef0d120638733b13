//! A chat, or a topic in one.

use std::fmt;

use serde_json::{Value, json};

/// A chat's number or public name, and perhaps a topic: `-1001234567890/42`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chat {
    name: String,
    topic: Option<i64>,
}

impl Chat {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, topic) = match text.split_once(['/', ':']) {
            Some((name, topic)) => (name, Some(topic.parse().ok().filter(|topic| *topic > 0)?)),
            None => (text, None),
        };
        is_chat(name).then(|| Self {
            name: name.to_owned(),
            topic,
        })
    }

    /// A number where it is one; names of public chats begin with `@`.
    pub(crate) fn id(&self) -> Value {
        let number = self.name.parse::<i64>();
        number.map_or_else(|_| json!(self.name), |number| json!(number))
    }

    pub(crate) const fn topic(&self) -> Option<i64> {
        self.topic
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.topic {
            Some(topic) => write!(f, "/{topic}"),
            None => Ok(()),
        }
    }
}

fn is_chat(text: &str) -> bool {
    text.parse::<i64>().is_ok()
        || text.strip_prefix('@').is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_and_topics() {
        let check = |text: &str, want: Option<(Value, Option<i64>, &str)>| {
            let chat = Chat::parse(text);
            let got = chat
                .as_ref()
                .map(|chat| (chat.id(), chat.topic(), chat.to_string()));
            assert_eq!(
                got,
                want.map(|(id, topic, name)| (id, topic, name.to_owned())),
                "{text}"
            );
        };
        check(" 777 ", Some((json!(777), None, "777")));
        check("-100123", Some((json!(-100_123), None, "-100123")));
        check(
            "-100123/42",
            Some((json!(-100_123), Some(42), "-100123/42")),
        );
        check("@desk:7", Some((json!("@desk"), Some(7), "@desk/7")));
        for wrong in [
            "",
            "@",
            "desk",
            "-100123/",
            "-100123/x",
            "-100123/0",
            "a b",
            "@a/b/3",
        ] {
            check(wrong, None);
        }
    }
}
