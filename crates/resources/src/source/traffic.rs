//! Sums interface counters so that the sum never falls.

use super::NetworkReading;

/// Loopback talks to itself and a veth's bytes cross the real interface once more.
const IGNORED: [&[u8]; 2] = [b"lo", b"veth"];

#[derive(Debug)]
struct Interface {
    name: Box<[u8]>,
    received: u64,
    sent: u64,
    seen: bool,
}

/// Adds up what each interface's counters grew by. An interface that goes away keeps
/// what it counted; one that starts over counts from zero again.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    known: Vec<Interface>,
    position: usize,
    total: NetworkReading,
}

impl Traffic {
    /// Whether the interface is part of the sum.
    pub(crate) fn counts(name: &[u8]) -> bool {
        name != IGNORED[0] && !name.starts_with(IGNORED[1])
    }

    /// Takes in one interface of the current round.
    pub(crate) fn add(&mut self, name: &[u8], received: u64, sent: u64) {
        if !Self::counts(name) {
            return;
        }
        // the system lists interfaces in a stable order, so the next one is the likely one
        let likely = self
            .known
            .get(self.position)
            .is_some_and(|i| *i.name == *name);
        let found = if likely {
            Some(self.position)
        } else {
            self.known.iter().position(|i| *i.name == *name)
        };
        let (before_received, before_sent) = match found.and_then(|at| self.known.get_mut(at)) {
            Some(interface) => {
                let before = (interface.received, interface.sent);
                (interface.received, interface.sent, interface.seen) = (received, sent, true);
                before
            }
            None => {
                self.known.push(Interface {
                    name: name.into(),
                    received,
                    sent,
                    seen: true,
                });
                (0, 0)
            }
        };
        self.position = found.unwrap_or(self.known.len() - 1) + 1;
        self.total.received = self
            .total
            .received
            .wrapping_add(grown(before_received, received));
        self.total.sent = self.total.sent.wrapping_add(grown(before_sent, sent));
    }

    /// Ends the round and gives the sum.
    pub(crate) fn finish(&mut self) -> NetworkReading {
        self.known
            .retain_mut(|interface| std::mem::take(&mut interface.seen));
        self.position = 0;
        self.total
    }
}

fn grown(before: u64, now: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(traffic: &mut Traffic, interfaces: &[(&str, u64, u64)]) -> (u64, u64) {
        for (name, received, sent) in interfaces {
            traffic.add(name.as_bytes(), *received, *sent);
        }
        let NetworkReading { received, sent } = traffic.finish();
        (received, sent)
    }

    #[test]
    fn the_sum_never_falls() {
        let mut traffic = Traffic::default();
        let t = &mut traffic;
        assert_eq!(
            round(
                t,
                &[
                    ("lo", 999, 999),
                    ("eth0", 100, 10),
                    ("veth1a", 5, 5),
                    ("eth1", 1, 1)
                ]
            ),
            (101, 11)
        );
        assert_eq!(
            round(t, &[("eth0", 150, 10), ("eth1", 1, 2)]),
            (151, 12),
            "growth"
        );
        assert_eq!(
            round(t, &[("eth0", 150, 10)]),
            (151, 12),
            "an interface goes"
        );
        assert_eq!(
            round(t, &[("eth1", 7, 0), ("eth0", 160, 11)]),
            (168, 13),
            "it comes back, order changed"
        );
        assert_eq!(
            round(t, &[("eth1", 2, 0), ("eth0", 160, 11)]),
            (170, 13),
            "a counter starts over"
        );
        assert_eq!(round(t, &[]), (170, 13));
    }

    #[test]
    fn what_counts() {
        for (name, expected) in [
            ("lo", false),
            ("lo0", true),
            ("veth12", false),
            ("eth0", true),
            ("wlan0", true),
        ] {
            assert_eq!(Traffic::counts(name.as_bytes()), expected, "{name}");
        }
    }
}
