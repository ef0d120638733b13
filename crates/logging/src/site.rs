//! What is known about a callsite before its first event: the line's head and each field's key.
//!
//! Sites live in an append-only open-addressing table of `OnceLock`s, so that finding one is a hash, an
//! acquire load and a compare, without a lock and without unsafe code.

use crate::limit::Limiter;
use crate::scheme::{Layout, Scheme};
use crate::span::SpanCtx;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tracing_core::field::{Field, Visit};
use tracing_core::{Event, Metadata};

/// What to do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// The event's message.
    Message,
    /// `error_type`, which an exception object repeats.
    ErrorType,
    /// `error` in a store where that is an object: its text has the key of an exception's message.
    ErrorText,
    /// A secret by its name.
    Redacted,
    /// Taken into the head already (`log.*`).
    Skip,
}

/// A field's rendered key.
#[derive(Debug)]
pub(crate) struct Key {
    chunk: [u8; 32],
    /// Of the chunk; zero when the field is special in any way.
    short: u8,
    pub(crate) kind: Kind,
    pub(crate) hash: u64,
    text: Box<[u8]>,
}

impl Key {
    pub(crate) fn new(text: &[u8], name: &str, kind: Kind) -> Key {
        let mut chunk = [0; 32];
        let short = kind == Kind::Plain && text.len() <= 32;
        if short {
            chunk[..text.len()].copy_from_slice(text);
        }
        Key {
            chunk,
            short: if short { text.len() as u8 } else { 0 },
            kind,
            hash: hash(name),
            text: text.into(),
        }
    }

    /// The key of a plain field with a short name, which most are.
    #[inline(always)]
    pub(crate) fn short(&self) -> Option<(&[u8; 32], usize)> {
        (self.short != 0).then_some((&self.chunk, usize::from(self.short)))
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }
}

/// FNV-1a, mixed once more for its high bits. Two different keys of one line sharing all 64 bits is not a
/// case worth a string compare.
pub(crate) fn hash(name: &str) -> u64 {
    let fnv = bongsu_trace::fnv(name.as_bytes());
    (fnv ^ (fnv >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A callsite, rendered.
#[derive(Debug)]
pub(crate) struct Site {
    address: usize,
    /// Everything between the timestamp's digits and the first field.
    pub(crate) head: Box<[u8]>,
    pub(crate) keys: Box<[Key]>,
    /// Which of the context's keys are among them, a bit each.
    pub(crate) context: u8,
    /// The shape of span fields that shared no key with this site when last looked.
    disjoint: AtomicU64,
    /// The fields' object must be opened by whoever comes first.
    pub(crate) open: Box<[u8]>,
    /// Closes the line, newline included.
    pub(crate) tail: Box<[u8]>,
    /// A record of the `log` crate: its origin travels in fields.
    pub(crate) is_log: bool,
    /// A span's `,"function":"name"`.
    pub(crate) function: Box<[u8]>,
    pub(crate) limiter: Limiter,
}

const LOG_FIELDS: &[&str] = &["log.target", "log.module_path", "log.file", "log.line"];

impl Site {
    pub(crate) fn new(scheme: &Scheme, meta: &'static Metadata<'static>) -> Site {
        // `log` records and our panic hook carry their origin in fields; a user's own event may not.
        let is_log = meta.is_event()
            && (tracing_log::AsLog::as_log(meta).target() == "log" && meta.module_path().is_none()
                || meta.target() == crate::panic::TARGET
                    && meta.module_path() == Some(crate::panic::MODULE));
        let mut names: Vec<String> = Vec::new();
        let mut keys = Vec::new();
        for (index, field) in meta.fields().iter().enumerate() {
            let raw = field.name().strip_prefix("r#").unwrap_or(field.name());
            if is_log && LOG_FIELDS.contains(&raw) {
                keys.push(Key::new(b"", raw, Kind::Skip));
                names.push(raw.to_owned());
                continue;
            }
            let message = meta.is_event()
                && raw == "message"
                && !names.iter().any(|n| n == scheme.keys.message)
                && (index == 0 || matches!(scheme.layout, Layout::Json));
            let (name, kind) = if message {
                (scheme.keys.message.to_owned(), Kind::Message)
            } else {
                let kind = if scheme.redactor.hides(raw) {
                    Kind::Redacted
                } else if raw == "error_type" {
                    Kind::ErrorType
                } else if raw == "error" && meta.is_event() && scheme.error_text().is_some() {
                    Kind::ErrorText
                } else {
                    Kind::Plain
                };
                (scheme.field_name(raw, &names), kind)
            };
            let key = Key::new(&scheme.key_chunk(&name, kind), &name, kind);
            keys.push(key);
            names.push(name);
        }
        let origin = Origin {
            target: meta.target(),
            file: meta.file(),
            line: meta.line(),
        };
        Site {
            address: std::ptr::from_ref(meta).addr(),
            head: scheme.head(*meta.level(), &origin).into(),
            context: scheme.context_bits(keys.iter().map(|key: &Key| key.hash)),
            disjoint: AtomicU64::new(0),
            keys: keys.into(),
            open: scheme.open(&origin).into(),
            tail: scheme.tail(&origin).into(),
            is_log,
            function: if meta.is_span() {
                scheme.function(meta.name()).into()
            } else {
                Box::default()
            },
            limiter: Limiter::default(),
        }
    }

    /// Whether the event repeats a key of the spans around it. The same spans surround an event nearly
    /// always, so the answer for their shape is remembered.
    #[inline(always)]
    pub(crate) fn repeats(&self, spans: &SpanCtx) -> bool {
        self.disjoint.load(Relaxed) != spans.shape() && self.compare(spans)
    }

    #[inline(never)]
    fn compare(&self, spans: &SpanCtx) -> bool {
        let repeats = spans.hashes().any(|hash| self.owns(hash));
        if !repeats {
            self.disjoint.store(spans.shape(), Relaxed);
        }
        repeats
    }

    /// Whether a key of this hash is one of the site's own.
    fn owns(&self, hash: u64) -> bool {
        self.keys.iter().any(|key| key.hash == hash)
    }
}

/// The fields that an event has a value for. It has none for an `Option` that is `None` and for an `Empty`:
/// these hide nothing of what lies around them.
pub(crate) struct Said<'s> {
    site: &'s Site,
    /// A bit for each of the first fields; those behind count as said.
    fields: u128,
}

impl<'s> Said<'s> {
    /// For the few events that share a key with what lies around them: the fields are gone through again.
    pub(crate) fn by(event: &Event<'_>, site: &'s Site) -> Said<'s> {
        let mut said = Said { site, fields: 0 };
        event.record(&mut said);
        said
    }

    pub(crate) fn has(&self, hash: u64) -> bool {
        let said = |index: usize| index >= 128 || self.fields >> index & 1 == 1;
        let mut keys = self.site.keys.iter().enumerate();
        keys.any(|(index, key)| key.hash == hash && said(index))
    }
}

impl Visit for Said<'_> {
    fn record_debug(&mut self, field: &Field, _: &dyn fmt::Debug) {
        if field.index() < 128 {
            self.fields |= 1 << field.index();
        }
    }
}

/// Where an event comes from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin<'a> {
    pub(crate) target: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}

const SLOTS: usize = 1024;
const PROBES: usize = 16;

/// The sites seen so far. Never shrinks: a program has finitely many callsites.
#[derive(Debug)]
pub(crate) struct Sites {
    slots: Box<[OnceLock<Box<Site>>]>,
    next: OnceLock<Box<Sites>>,
}

impl Sites {
    pub(crate) fn new() -> Sites {
        Sites::with_slots(SLOTS)
    }

    fn with_slots(n: usize) -> Sites {
        Sites {
            slots: (0..n).map(|_| OnceLock::new()).collect(),
            next: OnceLock::new(),
        }
    }

    #[inline(always)]
    fn slot(&self, address: usize, probe: usize) -> &OnceLock<Box<Site>> {
        let hash = (address as u64 >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        &self.slots[(hash as usize + probe) & (self.slots.len() - 1)]
    }

    #[inline(always)]
    pub(crate) fn get(&self, scheme: &Scheme, meta: &'static Metadata<'static>) -> &Site {
        let address = std::ptr::from_ref(meta).addr();
        match self.slot(address, 0).get() {
            Some(site) if site.address == address => site,
            _ => self.find(scheme, meta, address),
        }
    }

    #[inline(never)]
    fn find(&self, scheme: &Scheme, meta: &'static Metadata<'static>, address: usize) -> &Site {
        for probe in 0..PROBES {
            let slot = self.slot(address, probe);
            // Whoever loses the race for an empty slot finds the winner in it and goes on.
            let site = slot.get_or_init(|| Box::new(Site::new(scheme, meta)));
            if site.address == address {
                return site;
            }
        }
        self.next
            .get_or_init(|| Box::new(Sites::with_slots(self.slots.len() * 2)))
            .find(scheme, meta, address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_grows_and_finds_every_site_again() {
        let scheme = Scheme::for_tests();
        let sites = Sites::with_slots(2);
        let metas: Vec<&'static Metadata<'static>> = (0..200).map(|_| leak_meta()).collect();
        let first: Vec<*const Site> = metas
            .iter()
            .map(|m| std::ptr::from_ref(sites.get(&scheme, m)))
            .collect();
        for (meta, site) in metas.iter().zip(&first) {
            assert_eq!(std::ptr::from_ref(sites.get(&scheme, meta)), *site);
        }
        let mut unique = first.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), 200);
    }

    fn leak_meta() -> &'static Metadata<'static> {
        struct Callsite;
        static CALLSITE: Callsite = Callsite;
        impl tracing_core::Callsite for Callsite {
            fn set_interest(&self, _: tracing_core::Interest) {}
            fn metadata(&self) -> &Metadata<'_> {
                unreachable!("never registered")
            }
        }
        Box::leak(Box::new(Metadata::new(
            "event",
            "target",
            tracing_core::Level::INFO,
            Some("f.rs"),
            Some(1),
            Some("m"),
            tracing_core::field::FieldSet::new(&["a"], tracing_core::identify_callsite!(&CALLSITE)),
            tracing_core::Kind::EVENT,
        )))
    }
}
