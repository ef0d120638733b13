//! Which traces are kept though nobody chose them at their head: decided at their end, by how they went. Pure.

use std::collections::{HashMap, VecDeque};

/// Bytes of spans that may await a decision; the traces that began first give way.
const ROOM: usize = 4 << 20;
/// Decisions that are remembered, for spans that end after their root.
const REMEMBERED: usize = 4_096;

/// Spans of traces that are not over.
#[derive(Debug, Default)]
pub(crate) struct Undecided {
    traces: HashMap<u128, Trace>,
    began: VecDeque<u128>,
    bytes: usize,
    decided: HashMap<u128, bool>,
    order: VecDeque<u128>,
    /// Spans that gave way.
    pub(crate) lost: u64,
}

#[derive(Debug, Default)]
struct Trace {
    spans: Vec<Vec<u8>>,
    /// Something happened in it.
    keep: bool,
}

impl Undecided {
    /// A span is over; given back when it is to be sent at once.
    pub(crate) fn add(&mut self, trace: u128, span: Vec<u8>) -> Option<Vec<u8>> {
        match self.decided.get(&trace) {
            Some(true) => return Some(span),
            Some(false) => return None,
            None => {}
        }
        if span.len() > ROOM {
            self.lost += 1;
            return None;
        }
        while self.bytes + span.len() > ROOM {
            self.give_way();
        }
        self.bytes += span.len();
        self.trace(trace).spans.push(span);
        None
    }

    /// Whatever the end is like, it is kept; what is remembered as left out is from here on.
    pub(crate) fn keep(&mut self, trace: u128) {
        match self.decided.get_mut(&trace) {
            Some(kept) => *kept = true,
            None => self.trace(trace).keep = true,
        }
    }

    /// The trace's root is over: whether it is kept, and the spans that are sent then.
    pub(crate) fn decide(&mut self, trace: u128, keep: bool) -> (bool, Vec<Vec<u8>>) {
        let there = self.take(trace).unwrap_or_default();
        let keep = keep || there.keep || self.decided.get(&trace) == Some(&true);
        if self.decided.insert(trace, keep).is_none() {
            self.order.push_back(trace);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.decided.remove(&oldest);
            }
        }
        (keep, if keep { there.spans } else { Vec::new() })
    }

    fn trace(&mut self, id: u128) -> &mut Trace {
        if !self.traces.contains_key(&id) {
            if self.traces.len() >= REMEMBERED {
                self.give_way();
            }
            self.began.push_back(id);
        }
        self.traces.entry(id).or_default()
    }

    fn take(&mut self, id: u128) -> Option<Trace> {
        let trace = self.traces.remove(&id)?;
        // Nearly always among the last: requests are short.
        if let Some(at) = self.began.iter().rposition(|began| *began == id) {
            self.began.remove(at);
        }
        self.bytes -= trace.spans.iter().map(Vec::len).sum::<usize>();
        Some(trace)
    }

    fn give_way(&mut self) {
        if let Some(oldest) = self.began.front().copied()
            && let Some(trace) = self.take(oldest)
        {
            self.lost += trace.spans.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_end_decides() {
        let mut undecided = Undecided::default();
        assert_eq!(undecided.add(1, vec![1]), None);
        assert_eq!(undecided.add(2, vec![2]), None);
        assert_eq!(undecided.add(3, vec![3]), None);
        undecided.keep(2);
        assert_eq!(undecided.decide(1, false), (false, vec![]));
        assert_eq!(
            undecided.decide(2, false),
            (true, vec![vec![2]]),
            "an alert came of it"
        );
        assert_eq!(
            undecided.decide(3, true),
            (true, vec![vec![3]]),
            "it failed or was slow"
        );
        assert_eq!(undecided.add(1, vec![9]), None, "a task that went on");
        assert_eq!(undecided.add(2, vec![9]), Some(vec![9]));
        undecided.keep(1);
        assert_eq!(undecided.add(1, vec![9]), Some(vec![9]));
        assert_eq!(undecided.bytes, 0);
    }

    #[test]
    fn those_that_began_first_give_way() {
        let mut undecided = Undecided::default();
        for trace in 0..10 {
            assert_eq!(undecided.add(trace, vec![0; ROOM / 4]), None);
        }
        assert_eq!((undecided.lost, undecided.bytes), (6, ROOM));
        assert_eq!(undecided.decide(0, true).1.len(), 0);
        assert_eq!(undecided.decide(9, true).1.len(), 1);
        assert_eq!(undecided.add(11, vec![0; ROOM + 1]), None);
        assert_eq!(undecided.lost, 7);
    }

    proptest! {
        #[test]
        fn it_stays_bounded(steps in prop::collection::vec((0_u8..4, 0_u128..20, 0_usize..100_000), 0..400)) {
            let mut undecided = Undecided::default();
            for (what, trace, size) in steps {
                match what {
                    0 => { undecided.decide(trace, size % 2 == 0); }
                    1 => undecided.keep(trace),
                    _ => { undecided.add(trace, vec![0; size]); }
                }
                let held: usize = undecided.traces.values().flat_map(|t| &t.spans).map(Vec::len).sum();
                prop_assert_eq!(undecided.bytes, held);
                prop_assert!(held <= ROOM && undecided.began.len() == undecided.traces.len());
                prop_assert_eq!(undecided.order.len(), undecided.decided.len());
            }
        }
    }
}
