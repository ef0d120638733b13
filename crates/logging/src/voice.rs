//! The lines bongsu itself has to say.

use crate::clock;
use crate::json::line::Line;
use crate::json::time::{self, Second};
use crate::scheme::{Layout, Scheme, quoted};
use crate::site::{Kind, Origin};
use std::sync::Arc;
use tracing_core::Level;

/// How a loss is said in the log.
#[derive(Debug)]
pub(crate) struct Voice {
    pub(crate) scheme: Arc<Scheme>,
    pub(crate) offset_seconds: i64,
}

impl Voice {
    /// A line saying that lines were lost, in the shape of all others.
    pub(crate) fn lost(&self, lines: u64, why: &str) -> Vec<u8> {
        let origin = Origin {
            target: "bongsu_logging",
            ..Origin::default()
        };
        let message = format!("{lines} log lines dropped: {why}");
        self.say(Level::WARN, &origin, &message, |line, scheme| {
            line.raw(&scheme.key_chunk("dropped", Kind::Plain));
            line.u64(lines);
        })
    }

    /// A line of its own, made without any of the user's code.
    pub(crate) fn say(
        &self,
        level: Level,
        origin: &Origin<'_>,
        message: &str,
        fields: impl FnOnce(&mut Line, &Scheme),
    ) -> Vec<u8> {
        let scheme = &*self.scheme;
        let masked = scheme.redactor.mask(message);
        let message = masked.as_deref().unwrap_or(message);
        let (seconds, micros) = time::split(clock::now());
        let mut second = Second::EMPTY;
        let mut line = Line::new(Vec::new(), usize::MAX);
        scheme.start.write(&mut line);
        line.raw(&second.render(seconds + self.offset_seconds, micros).0);
        line.raw(&scheme.head(level, origin));
        if scheme.layout == Layout::Json {
            line.raw(&scheme.key_chunk(scheme.keys.message, Kind::Message));
            line.raw(&quoted(message));
        } else {
            line.text(message, usize::MAX);
        }
        line.raw(&scheme.open(origin));
        fields(&mut line, scheme);
        if scheme.nested {
            line.byte(b'}');
        }
        line.raw(&scheme.tail(origin));
        line.buf
    }
}
