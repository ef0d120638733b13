//! Which traces are kept though nobody chose them at their head: decided at their end, by how they went. Pure.

use std::collections::{HashMap, VecDeque};

/// Bytes of spans that may await a decision; the traces that began first give way.
const ROOM: usize = 4 << 20;
/// Decisions that are remembered, for spans that end after their root.
const REMEMBERED: usize = 4_096;
/// Traces that are over leave their memory to the next ones: so many, of so many bytes at most.
const SPARES: usize = 64;
const SPARE_BYTES: usize = 16 << 10;

/// Spans of traces that are not over.
#[derive(Debug, Default)]
pub(crate) struct Undecided {
    traces: HashMap<u128, Trace>,
    began: VecDeque<u128>,
    bytes: usize,
    decided: HashMap<u128, bool>,
    order: VecDeque<u128>,
    over: Vec<Trace>,
    /// Spans that gave way.
    pub(crate) lost: u64,
}

/// Spans of one trace, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Something happened in it.
    keep: bool,
}

impl Trace {
    /// The spans, in the order in which they were over.
    pub(crate) fn spans(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        self.ends.iter().map(move |end| {
            let span = &self.bytes[from..*end];
            from = *end;
            span
        })
    }
}

impl Undecided {
    /// A span is over. Whether it is to be sent at once: then it is not held here.
    pub(crate) fn add(&mut self, trace: u128, span: &[u8]) -> bool {
        if !self.traces.contains_key(&trace)
            && let Some(kept) = self.decided.get(&trace)
        {
            return *kept;
        }
        if span.len() > ROOM {
            self.lost += 1;
            return false;
        }
        while self.bytes + span.len() > ROOM {
            self.give_way();
        }
        self.bytes += span.len();
        let trace = self.trace(trace);
        trace.bytes.extend_from_slice(span);
        trace.ends.push(trace.bytes.len());
        false
    }

    /// Whatever the end is like, it is kept; what is remembered as left out is from here on.
    pub(crate) fn keep(&mut self, trace: u128) {
        match self.decided.get_mut(&trace) {
            Some(kept) => *kept = true,
            None => self.trace(trace).keep = true,
        }
    }

    /// The trace's root is over: the spans that are sent then, if it is kept. Their memory is to be given
    /// [back](Self::give_back).
    pub(crate) fn decide(&mut self, trace: u128, keep: bool) -> Option<Trace> {
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
        if keep {
            return Some(there);
        }
        self.give_back(there);
        None
    }

    /// What was held is sent, or forgotten.
    pub(crate) fn give_back(&mut self, mut trace: Trace) {
        let bytes = trace.bytes.capacity() + size_of::<usize>() * trace.ends.capacity();
        if self.over.len() < SPARES && bytes <= SPARE_BYTES {
            trace.bytes.clear();
            trace.ends.clear();
            trace.keep = false;
            self.over.push(trace);
        }
    }

    fn trace(&mut self, id: u128) -> &mut Trace {
        if self.traces.len() >= REMEMBERED && !self.traces.contains_key(&id) {
            self.give_way();
        }
        let (began, over) = (&mut self.began, &mut self.over);
        self.traces.entry(id).or_insert_with(|| {
            began.push_back(id);
            over.pop().unwrap_or_default()
        })
    }

    fn take(&mut self, id: u128) -> Option<Trace> {
        let trace = self.traces.remove(&id)?;
        // Nearly always among the last: requests are short.
        if let Some(at) = self.began.iter().rposition(|began| *began == id) {
            self.began.remove(at);
        }
        self.bytes -= trace.bytes.len();
        Some(trace)
    }

    fn give_way(&mut self) {
        if let Some(oldest) = self.began.front().copied()
            && let Some(trace) = self.take(oldest)
        {
            self.lost += trace.ends.len() as u64;
            self.give_back(trace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans(decided: Option<Trace>) -> Option<Vec<Vec<u8>>> {
        decided.map(|trace| trace.spans().map(<[u8]>::to_vec).collect())
    }

    #[test]
    fn the_end_decides() {
        let mut undecided = Undecided::default();
        assert!(!undecided.add(1, &[1]));
        assert!(!undecided.add(2, &[2]));
        assert!(!undecided.add(3, &[3]));
        assert!(!undecided.add(3, &[4, 5]));
        undecided.keep(2);
        assert_eq!(spans(undecided.decide(1, false)), None);
        assert_eq!(
            spans(undecided.decide(2, false)),
            Some(vec![vec![2]]),
            "an alert came of it"
        );
        assert_eq!(
            spans(undecided.decide(3, true)),
            Some(vec![vec![3], vec![4, 5]]),
            "it failed or was slow"
        );
        assert!(!undecided.add(1, &[9]), "a task that went on");
        assert!(undecided.add(2, &[9]));
        undecided.keep(1);
        assert!(undecided.add(1, &[9]));
        assert_eq!(undecided.bytes, 0);
    }

    #[test]
    fn what_is_over_leaves_nothing_but_its_memory() {
        let mut undecided = Undecided::default();
        undecided.add(1, &[1]);
        undecided.keep(1);
        let kept = undecided.decide(1, false).unwrap();
        undecided.give_back(kept);
        undecided.add(2, &[2]);
        assert_eq!(spans(undecided.decide(2, false)), None);
        undecided.add(3, &[3]);
        assert_eq!(spans(undecided.decide(3, true)), Some(vec![vec![3]]));
    }

    #[test]
    fn those_that_began_first_give_way() {
        let (quarter, large) = (vec![0; ROOM / 4], vec![0; ROOM + 1]);
        let mut undecided = Undecided::default();
        for trace in 0..10 {
            assert!(!undecided.add(trace, &quarter));
        }
        assert_eq!((undecided.lost, undecided.bytes), (6, ROOM));
        assert_eq!(spans(undecided.decide(0, true)).unwrap().len(), 0);
        assert_eq!(spans(undecided.decide(9, true)).unwrap().len(), 1);
        assert!(!undecided.add(11, &large));
        assert_eq!(undecided.lost, 7);
    }

    proptest! {
        #[test]
        fn it_stays_bounded(steps in prop::collection::vec((0_u8..4, 0_u128..20, 0_usize..100_000), 0..400)) {
            let mut undecided = Undecided::default();
            for (what, trace, size) in steps {
                match what {
                    0 => if let Some(kept) = undecided.decide(trace, size % 2 == 0) { undecided.give_back(kept); }
                    1 => undecided.keep(trace),
                    _ => { undecided.add(trace, &vec![0; size]); }
                }
                let held: usize = undecided.traces.values().flat_map(Trace::spans).map(<[u8]>::len).sum();
                prop_assert_eq!(undecided.bytes, held);
                prop_assert!(held <= ROOM && undecided.began.len() == undecided.traces.len());
                prop_assert_eq!(undecided.order.len(), undecided.decided.len());
                prop_assert!(undecided.over.len() <= SPARES);
            }
        }
    }
}
