//! What a thread keeps between events: its line buffer, the rendered second, the spans it is in, and spare
//! span contexts. No borrow of any of it is held while a user's code runs.

use crate::json::time::{LEN, Second};
use crate::span::{Seg, SpanCtx};
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// A buffer that grew past this is not kept.
const KEEP: usize = 64 * 1024;
/// Spare span contexts kept, and the largest that is.
const SPARES: usize = 32;
const SPARE_BYTES: usize = 4 * 1024;

/// A span that was entered on this thread.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) layer: u64,
    pub(crate) id: u64,
    /// Filled at the latest by the first event inside.
    pub(crate) ctx: Option<Arc<SpanCtx>>,
}

struct Local {
    buf: Cell<Vec<u8>>,
    segs: Cell<Vec<Seg>>,
    second: Cell<Second>,
    entered: RefCell<Vec<Entered>>,
    /// The span made last: most are entered next.
    made: Cell<Option<Entered>>,
    spares: RefCell<Vec<Arc<SpanCtx>>>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            buf: Cell::new(Vec::new()),
            segs: Cell::new(Vec::new()),
            second: Cell::new(Second::EMPTY),
            entered: RefCell::new(Vec::new()),
            made: Cell::new(None),
            spares: RefCell::new(Vec::new()),
        }
    };
}

/// The timestamp's text, and the buffer to write the line into.
#[inline]
pub(crate) fn begin(seconds: i64, micros: u32) -> (Vec<u8>, [u8; LEN]) {
    LOCAL
        .try_with(|local| {
            let mut second = local.second.get();
            let (stamp, changed) = second.render(seconds, micros);
            if changed {
                local.second.set(second);
            }
            (local.buf.take(), stamp)
        })
        .unwrap_or_else(|_| {
            let mut second = Second::EMPTY;
            (Vec::new(), second.render(seconds, micros).0)
        })
}

/// Gives the buffer back for the next line.
#[inline]
pub(crate) fn end(buf: Vec<u8>) {
    if buf.capacity() <= KEEP {
        let _thread_is_ending = LOCAL.try_with(|local| local.buf.set(buf));
    }
}

/// Buffers for a span's fields.
pub(crate) fn begin_span() -> (Vec<u8>, Vec<Seg>) {
    let (buf, mut segs) = LOCAL
        .try_with(|local| (local.buf.take(), local.segs.take()))
        .unwrap_or_default();
    segs.clear();
    (buf, segs)
}

pub(crate) fn end_span(buf: Vec<u8>, segs: Vec<Seg>) {
    end(buf);
    let _thread_is_ending = LOCAL.try_with(|local| local.segs.set(segs));
}

/// Notes that a span was made, for the `enter` that usually follows.
pub(crate) fn made(layer: u64, id: u64, ctx: &Arc<SpanCtx>) {
    let _thread_is_ending = LOCAL.try_with(|local| {
        local.made.set(Some(Entered {
            layer,
            id,
            ctx: Some(Arc::clone(ctx)),
        }));
    });
}

pub(crate) fn enter(layer: u64, id: u64) {
    let _thread_is_ending = LOCAL.try_with(|local| {
        let entered = match local.made.take() {
            Some(made) if made.id == id && made.layer == layer => made,
            _ => Entered {
                layer,
                id,
                ctx: None,
            },
        };
        local.entered.borrow_mut().push(entered);
    });
}

pub(crate) fn exit(layer: u64, id: u64) {
    let _thread_is_ending = LOCAL.try_with(|local| {
        let mut entered = local.entered.borrow_mut();
        let is_it = |e: &Entered| e.id == id && e.layer == layer;
        if entered.last().is_some_and(is_it) {
            entered.pop();
        } else if let Some(at) = entered.iter().rposition(is_it) {
            entered.remove(at);
        }
    });
}

/// The innermost span this thread is in, as the layer sees it; `resolve` finds the fields when they are not
/// known or stale. `None` when there is no span; an error when the thread is ending.
#[inline]
pub(crate) fn with_current<R>(
    layer: u64,
    resolve: impl FnOnce(u64) -> Option<Arc<SpanCtx>>,
    f: impl FnOnce(&Arc<SpanCtx>) -> R,
) -> Result<Option<R>, std::thread::AccessError> {
    LOCAL.try_with(|local| {
        let mut entered = local.entered.borrow_mut();
        let top = entered.iter_mut().rev().find(|e| e.layer == layer)?;
        if !top.ctx.as_ref().is_some_and(|c| c.fresh()) {
            top.ctx = resolve(top.id);
        }
        top.ctx.as_ref().map(f)
    })
}

/// A context to fill: a spare one if there is.
pub(crate) fn spare() -> Arc<SpanCtx> {
    LOCAL
        .try_with(|local| local.spares.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// Keeps the context of a closed span, if nobody else has it.
pub(crate) fn recycle(mut ctx: Arc<SpanCtx>, layer: u64, id: u64) {
    let _thread_is_ending = LOCAL.try_with(|local| {
        // A span that was never entered is still noted as the last one made.
        match local.made.take() {
            Some(made) if made.id == id && made.layer == layer => drop(made),
            other => local.made.set(other),
        }
        let mut spares = local.spares.borrow_mut();
        if spares.len() < SPARES
            && let Some(unshared) = Arc::get_mut(&mut ctx)
            && unshared.let_go(SPARE_BYTES)
        {
            spares.push(ctx);
        }
    });
}
