//! A span's fields, serialised once and inherited: appending them to an event is one copy.

use crate::context::Appended;
use crate::json::line::Line;
use crate::scheme::Scheme;
use crate::site::{Said, Site};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing_core::Event;

/// One serialised field: its key's hash and where it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seg {
    pub(crate) hash: u64,
    pub(crate) end: u32,
}

/// Shared by all spans under one root; moves on when a span records a field late.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    epoch: AtomicU64,
}

impl Tree {
    pub(crate) fn now(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn advance(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

/// The fields of a span and of all its parents, ready to append.
#[derive(Debug, Default)]
pub(crate) struct SpanCtx {
    /// The function part, inherited fields, own fields.
    bytes: Vec<u8>,
    segs: Vec<Seg>,
    /// The sum of the keys' hashes: the same for the same keys.
    shape: u64,
    /// Which of the context's keys are among them, a bit each.
    context: u8,
    function: usize,
    own_bytes: usize,
    own_segs: usize,
    tree: Option<Arc<Tree>>,
    seen: u64,
    truncated: bool,
}

/// Fields as a visitor left them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own<'a> {
    pub(crate) function: &'a [u8],
    pub(crate) bytes: &'a [u8],
    pub(crate) segs: &'a [Seg],
    pub(crate) truncated: bool,
}

impl SpanCtx {
    /// Becomes a span under `parent`: the parent's fields that `own` does not repeat, then `own`.
    /// Inherited fields past `limit` bytes are left out and the lines say so.
    pub(crate) fn fill(
        &mut self,
        scheme: &Scheme,
        parent: Option<&SpanCtx>,
        own: Own<'_>,
        limit: usize,
    ) {
        self.bytes.clear();
        self.segs.clear();
        self.function = own.function.len();
        self.truncated = own.truncated;
        self.bytes.extend_from_slice(own.function);
        if let Some(parent) = parent {
            self.tree.clone_from(&parent.tree);
            self.seen = parent.seen;
            self.inherit(parent, &own, limit);
        } else {
            self.root();
        }
        self.own_bytes = self.bytes.len();
        self.own_segs = self.segs.len();
        self.bytes.extend_from_slice(own.bytes);
        for seg in own.segs {
            self.segs.push(Seg {
                hash: seg.hash,
                end: seg.end + self.own_bytes as u32,
            });
        }
        self.shape = self.hashes().fold(0, u64::wrapping_add);
        self.context = scheme.context_bits(self.hashes());
    }

    /// The keys.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.segs.iter().map(|seg| seg.hash)
    }

    #[inline(always)]
    pub(crate) fn shape(&self) -> u64 {
        self.shape
    }

    /// Begins a tree of its own.
    fn root(&mut self) {
        match self.tree.as_mut().and_then(Arc::get_mut) {
            Some(tree) => *tree = Tree::default(),
            None => self.tree = Some(Arc::default()),
        }
        self.seen = 0;
    }

    /// Belongs to this tree as of this epoch.
    pub(crate) fn belong(&mut self, tree: &Option<Arc<Tree>>, seen: u64) {
        self.tree.clone_from(tree);
        self.seen = seen;
    }

    pub(crate) fn tree(&self) -> &Option<Arc<Tree>> {
        &self.tree
    }

    /// The tree's epoch.
    pub(crate) fn epoch(&self) -> u64 {
        self.tree.as_ref().map_or(0, |tree| tree.now())
    }

    /// Makes what others know of the tree stale.
    pub(crate) fn advance(&self) {
        if let Some(tree) = &self.tree {
            tree.advance();
        }
    }

    fn inherit(&mut self, parent: &SpanCtx, own: &Own<'_>, limit: usize) {
        self.truncated |= parent.truncated;
        let room = limit.saturating_sub(own.bytes.len() + self.bytes.len());
        let inherited = &parent.bytes[parent.function..];
        let repeated = |seg: &Seg| own.segs.iter().any(|mine| mine.hash == seg.hash);
        if inherited.len() <= room && !parent.segs.iter().any(repeated) {
            self.bytes.extend_from_slice(inherited);
            for seg in &parent.segs {
                self.segs.push(Seg {
                    hash: seg.hash,
                    end: seg.end + self.function as u32 - parent.function as u32,
                });
            }
            return;
        }
        let mut from = parent.function;
        for seg in &parent.segs {
            let field = &parent.bytes[from..seg.end as usize];
            from = seg.end as usize;
            if repeated(seg) {
                continue;
            }
            if self.bytes.len() + field.len() > limit.saturating_sub(own.bytes.len()) {
                self.truncated = true;
                continue;
            }
            self.push(field, seg.hash);
        }
    }

    /// Gets ready to be filled again by another span; false when it is not worth keeping.
    pub(crate) fn let_go(&mut self, limit: usize) -> bool {
        // The root, closed last, keeps the tree for the next root.
        if self
            .tree
            .as_mut()
            .is_some_and(|tree| Arc::get_mut(tree).is_none())
        {
            self.tree = None;
        }
        self.bytes.capacity() <= limit && self.segs.capacity() * size_of::<Seg>() <= limit
    }

    fn push(&mut self, field: &[u8], hash: u64) {
        self.bytes.extend_from_slice(field);
        self.segs.push(Seg {
            hash,
            end: self.bytes.len() as u32,
        });
    }

    /// The span's own fields and function, with the segments counted from zero.
    pub(crate) fn own(&self) -> (Vec<u8>, Vec<u8>, Vec<Seg>) {
        let segs = self.segs[self.own_segs..]
            .iter()
            .map(|seg| Seg {
                hash: seg.hash,
                end: seg.end - self.own_bytes as u32,
            })
            .collect();
        (
            self.bytes[..self.function].to_vec(),
            self.bytes[self.own_bytes..].to_vec(),
            segs,
        )
    }

    /// The own fields after `late` was recorded over them.
    pub(crate) fn own_after(&self, late: &Own<'_>) -> (Vec<u8>, Vec<u8>, Vec<Seg>) {
        let (function, bytes, segs) = self.own();
        let mut merged = Vec::with_capacity(bytes.len() + late.bytes.len());
        let mut merged_segs = Vec::with_capacity(segs.len() + late.segs.len());
        let mut add = |bytes: &[u8], segs: &[Seg], keep: &dyn Fn(u64) -> bool| {
            let mut from = 0;
            for seg in segs {
                if keep(seg.hash) {
                    merged.extend_from_slice(&bytes[from..seg.end as usize]);
                    merged_segs.push(Seg {
                        hash: seg.hash,
                        end: merged.len() as u32,
                    });
                }
                from = seg.end as usize;
            }
        };
        add(&bytes, &segs, &|hash| {
            !late.segs.iter().any(|l| l.hash == hash)
        });
        add(late.bytes, late.segs, &|_| true);
        (function, merged, merged_segs)
    }

    pub(crate) fn truncated(&self) -> bool {
        self.truncated
    }

    /// Whether no span of the tree recorded a field since this was made.
    #[inline(always)]
    pub(crate) fn fresh(&self) -> bool {
        self.seen == self.epoch()
    }

    /// Appends the fields whose keys neither the event nor the context has.
    #[inline]
    pub(crate) fn append(
        &self,
        line: &mut Line,
        site: &Site,
        context: &Appended,
        event: &Event<'_>,
    ) {
        line.truncated |= self.truncated;
        let clash = self.context & context.present != 0 || site.repeats(self);
        if !clash && line.room(self.bytes.len()) {
            line.raw(&self.bytes);
        } else {
            let said = Said::by(event, site);
            self.append_some(line, |hash| said.has(hash) || context.has(hash));
        }
    }

    #[inline(never)]
    fn append_some(&self, line: &mut Line, is_taken: impl Fn(u64) -> bool) {
        let mut from = 0;
        let function = Seg {
            hash: 0,
            end: self.function as u32,
        };
        for (i, seg) in std::iter::once(&function).chain(&self.segs).enumerate() {
            let field = &self.bytes[from..seg.end as usize];
            from = seg.end as usize;
            if i > 0 && is_taken(seg.hash) {
                continue;
            }
            if line.room(field.len()) {
                line.raw(field);
            } else {
                line.truncated = true;
            }
        }
    }
}
