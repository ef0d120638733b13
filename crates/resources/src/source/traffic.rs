//! Sums interface counters so that no byte is counted twice and the sum never falls.

use super::NetworkReading;

/// Where an interface stands. Of those that are there, only the first kind present is counted: what the
/// others carry crosses it once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A device: a network card, or what a hypervisor gives for one.
    Hardware,
    /// It leads out of this network namespace: a container's end of a veth, a macvlan.
    Outward,
    /// Made by software and leading nowhere by itself: tunnels, taps, the host's ends of veths.
    Virtual,
    /// Never counted: loopback, and what stands on an interface that is there: bridges, bonds, VLANs.
    Stacked,
}

/// What is known of an interface besides its counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interface {
    /// The kernel's number of it, which a new name does not change.
    pub(crate) index: Option<u64>,
    pub(crate) place: Place,
}

/// Names of what software makes on a host.
const VIRTUAL: [&str; 16] = [
    "veth", "tap", "tun", "vnet", "docker", "br-", "virbr", "cali", "cni", "flannel", "lxc", "wg",
    "vxlan", "dummy", "ifb", "bond",
];

impl Interface {
    /// What a name tells, where nothing else can be read.
    pub(crate) fn by_name(name: &[u8]) -> Self {
        let place = if name == b"lo" {
            Place::Stacked
        } else if Self::named_virtual(name) {
            Place::Virtual
        } else {
            Place::Hardware
        };
        Self { index: None, place }
    }

    pub(crate) fn named_virtual(name: &[u8]) -> bool {
        VIRTUAL
            .iter()
            .any(|prefix| name.starts_with(prefix.as_bytes()))
    }
}

#[derive(Debug)]
struct Row {
    name: Vec<u8>,
    counters: NetworkReading,
    interface: Interface,
}

impl Row {
    /// Whether it is the interface that the other was, whatever they are called.
    fn is(&self, other: &Self) -> bool {
        match (self.interface.index, other.interface.index) {
            (Some(one), Some(other)) => one == other,
            _ => self.name == other.name,
        }
    }
}

/// Adds up what the counters of each interface grew by. An interface that goes away keeps what it counted;
/// one that comes later counts from what it has then, for it may bring counters from elsewhere; counters
/// that start over count from zero again.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// The round before.
    known: Vec<Row>,
    /// This round, and rows to be written over.
    rows: Vec<Row>,
    used: usize,
    /// Rounds in which interfaces are still looked at: what makes one may not be done with it.
    unsettled: u8,
    begun: bool,
    total: NetworkReading,
}

impl Traffic {
    /// Takes in one interface of the current round.
    pub(crate) fn add(&mut self, name: &[u8], counters: NetworkReading) {
        match self.rows.get_mut(self.used) {
            Some(row) => {
                row.name.clear();
                row.name.extend_from_slice(name);
                row.counters = counters;
            }
            None => self.rows.push(Row {
                name: name.to_vec(),
                counters,
                interface: Interface::by_name(name),
            }),
        }
        self.used += 1;
    }

    /// Ends the round and gives the sum. `look` is asked only when interfaces came, went, or changed places.
    pub(crate) fn finish(&mut self, look: impl Fn(&[u8]) -> Interface) -> NetworkReading {
        self.rows.truncate(self.used);
        self.used = 0;
        let same = self.rows.len() == self.known.len()
            && self.rows.iter().zip(&self.known).all(|(row, before)| {
                row.name == before.name && !fell(&before.counters, &row.counters)
            });
        if !same {
            self.unsettled = 2;
        }
        if self.unsettled > 0 {
            self.unsettled -= 1;
            for row in &mut self.rows {
                row.interface = look(&row.name);
            }
        } else {
            for (row, before) in self.rows.iter_mut().zip(&self.known) {
                row.interface = before.interface;
            }
        }
        let counted = self.rows.iter().map(|row| row.interface.place).min();
        for row in &self.rows {
            let before = self.known.iter().find(|before| row.is(before));
            let from = match before {
                Some(before) => before.counters,
                None if self.begun => row.counters,
                None => NetworkReading::default(),
            };
            let place = row.interface.place;
            if place != Place::Stacked && Some(place) == counted {
                each(&mut self.total, &from, &row.counters, |sum, from, now| {
                    *sum = sum.wrapping_add(now.checked_sub(from).unwrap_or(now));
                });
            }
        }
        self.begun = true;
        std::mem::swap(&mut self.known, &mut self.rows);
        self.total
    }
}

/// Calls `step` for each counter of the three.
fn each(
    sum: &mut NetworkReading,
    from: &NetworkReading,
    now: &NetworkReading,
    mut step: impl FnMut(&mut u64, u64, u64),
) {
    step(&mut sum.received, from.received, now.received);
    step(&mut sum.sent, from.sent, now.sent);
    step(
        &mut sum.received_errors,
        from.received_errors,
        now.received_errors,
    );
    step(
        &mut sum.received_dropped,
        from.received_dropped,
        now.received_dropped,
    );
    step(&mut sum.sent_errors, from.sent_errors, now.sent_errors);
    step(&mut sum.sent_dropped, from.sent_dropped, now.sent_dropped);
}

fn fell(before: &NetworkReading, now: &NetworkReading) -> bool {
    now.received < before.received || now.sent < before.sent
}

#[cfg(test)]
mod tests;
