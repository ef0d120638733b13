//! A context as a layer's lines repeat it, rendered once.

use super::held::{Id, Ids, Scope, TRACE_ID, with_current};
use crate::json::escape;
use crate::json::line::Line;
use crate::scheme::Scheme;
use crate::site::{Said, Site};
use crate::span::Seg;
use tracing_core::Event;

/// Longest id written; longer ones are cut.
const ID_LIMIT: usize = 256;

/// The fields as one layer writes them.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    /// The layer's number; 0 is stale.
    layer: u64,
    bytes: Vec<u8>,
    segs: Vec<Seg>,
    /// Bytes that go outside a preset's nested object.
    outer: Vec<u8>,
    /// Which of the five are there, a bit each.
    present: u8,
}

/// The keys written.
#[derive(Debug, Default)]
pub(crate) struct Appended {
    pub(crate) present: u8,
    hashes: [u64; 5],
}

impl Appended {
    pub(crate) fn has(&self, hash: u64) -> bool {
        self.hashes.contains(&hash)
    }
}

/// Appends the context in force to an event's line.
#[inline]
pub(crate) fn append(
    line: &mut Line,
    scheme: &Scheme,
    layer: u64,
    site: &Site,
    event: &Event<'_>,
) -> Appended {
    let mut appended = Appended::default();
    with_current(|scope| append_scope(scope, line, scheme, layer, site, event, &mut appended));
    appended
}

// Apart, so that a line outside of every context pays for none of it.
#[inline(never)]
fn append_scope(
    scope: &Scope,
    line: &mut Line,
    scheme: &Scheme,
    layer: u64,
    site: &Site,
    event: &Event<'_>,
    appended: &mut Appended,
) {
    let mut rendered = scope.rendered.borrow_mut();
    if rendered.layer != layer {
        rendered.render(&scope.ids.borrow(), scheme, layer);
    }
    appended.present = rendered.present;
    for (slot, seg) in appended.hashes.iter_mut().zip(&rendered.segs) {
        *slot = seg.hash;
    }
    if rendered.present & site.context == 0 && line.room(rendered.bytes.len()) {
        line.raw(&rendered.bytes);
        return;
    }
    let said = Said::by(event, site);
    let mut from = 0;
    for seg in &rendered.segs {
        let field = &rendered.bytes[from..seg.end as usize];
        from = seg.end as usize;
        if said.has(seg.hash) {
            continue;
        }
        if line.room(field.len()) {
            line.raw(field);
        } else {
            line.truncated = true;
        }
    }
}

/// How many bytes the context has for outside the nested object of a preset that has one.
pub(crate) fn outer_len(scheme: &Scheme, layer: u64) -> usize {
    with_current(|scope| {
        let mut rendered = scope.rendered.borrow_mut();
        if rendered.layer != layer {
            rendered.render(&scope.ids.borrow(), scheme, layer);
        }
        rendered.outer.len()
    })
    .unwrap_or(0)
}

/// Appends them.
pub(crate) fn append_outer(line: &mut Line, layer: u64) {
    with_current(|scope| {
        let rendered = scope.rendered.borrow();
        if rendered.layer == layer {
            line.raw(&rendered.outer);
        }
    });
}

impl Rendered {
    /// Is stale: an id changed, or all of them.
    pub(super) fn forget(&mut self) {
        self.layer = 0;
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    fn render(&mut self, ids: &Ids, scheme: &Scheme, layer: u64) {
        self.layer = layer;
        self.bytes.clear();
        self.segs.clear();
        self.outer.clear();
        self.present = 0;
        for (place, key) in scheme.context.iter().enumerate() {
            let Some(id) = ids.get(place) else { continue };
            let outside = scheme.nested && place >= TRACE_ID;
            let out = if outside {
                &mut self.outer
            } else {
                &mut self.bytes
            };
            out.extend_from_slice(&key.start);
            if scheme.keys.decimal_ids
                && place >= TRACE_ID
                && let Some(number) = low_64(&id)
            {
                out.extend_from_slice(number.to_string().as_bytes());
            } else {
                write_id(out, &id);
            }
            out.push(b'"');
            if !outside {
                self.segs.push(Seg {
                    hash: key.hash,
                    end: self.bytes.len() as u32,
                });
                self.present |= 1 << place;
            }
        }
    }
}

/// The low 64 bits of a trace or span id, which is all that stores with decimal ids know of it.
fn low_64(id: &Id<'_>) -> Option<u64> {
    match id {
        Id::Trace(id) => Some(*id as u64),
        Id::Span(id) => Some(*id),
        Id::Text(text) if matches!(text.len(), 16 | 32) => {
            let number = u128::from_str_radix(text, 16).ok()?;
            Some(number as u64)
        }
        Id::Text(_) => None,
    }
}

fn write_id(out: &mut Vec<u8>, id: &Id<'_>) {
    match *id {
        Id::Text(id) => {
            let id = &id[..id.floor_char_boundary(ID_LIMIT)];
            if !escape::push_clean(out, id.as_bytes()) {
                escape::push_escaped(out, id, usize::MAX);
            }
        }
        Id::Trace(id) => {
            out.extend_from_slice(&bongsu_trace::digits((id >> 64) as u64));
            out.extend_from_slice(&bongsu_trace::digits(id as u64));
        }
        Id::Span(id) => out.extend_from_slice(&bongsu_trace::digits(id)),
    }
}
