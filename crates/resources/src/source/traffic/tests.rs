use super::*;

/// Name, number, place, bytes received and sent.
type Seen<'a> = (&'a str, u64, Place, u64, u64);

fn round(traffic: &mut Traffic, interfaces: &[Seen<'_>]) -> (u64, u64) {
    for (name, _, _, received, sent) in interfaces {
        let counters = NetworkReading {
            received: *received,
            sent: *sent,
            ..NetworkReading::default()
        };
        traffic.add(name.as_bytes(), counters);
    }
    let look = |name: &[u8]| {
        let found = interfaces.iter().find(|(n, ..)| n.as_bytes() == name);
        match found {
            Some((_, 0, ..)) | None => Interface::by_name(name),
            Some((_, index, place, ..)) => Interface {
                index: Some(*index),
                place: *place,
            },
        }
    };
    let NetworkReading { received, sent, .. } = traffic.finish(look);
    (received, sent)
}

use Place::{Hardware, Outward, Stacked, Virtual};

/// Each round is what the machine shows, and what the sum is then.
#[track_caller]
fn check(rounds: &[(&[Seen<'_>], (u64, u64), &str)]) {
    let mut traffic = Traffic::default();
    for (interfaces, expected, what) in rounds {
        assert_eq!(round(&mut traffic, interfaces), *expected, "{what}");
    }
}

#[test]
fn the_sum_never_falls_and_never_jumps() {
    let (a, b) = ("eth0", "eth1");
    check(&[
        (
            &[
                ("lo", 1, Stacked, 999, 999),
                (a, 2, Hardware, 100, 10),
                (b, 3, Hardware, 1, 1),
            ],
            (101, 11),
            "at first, what is there",
        ),
        (
            &[(a, 2, Hardware, 150, 10), (b, 3, Hardware, 1, 2)],
            (151, 12),
            "growth",
        ),
        (&[(a, 2, Hardware, 150, 10)], (151, 12), "one goes"),
        (
            &[(b, 3, Hardware, 900, 900), (a, 2, Hardware, 160, 11)],
            (161, 13),
            "it comes back with counters from elsewhere",
        ),
        (
            &[(b, 3, Hardware, 905, 901), (a, 2, Hardware, 160, 11)],
            (166, 14),
            "and goes on",
        ),
        (
            &[(b, 3, Hardware, 2, 0), (a, 2, Hardware, 160, 11)],
            (168, 14),
            "its counters start over",
        ),
        (
            &[("ens5", 2, Hardware, 170, 12), (b, 3, Hardware, 2, 0)],
            (178, 15),
            "a new name is no new interface",
        ),
        (
            &[("ens5", 9, Hardware, 5_000, 5_000), (b, 3, Hardware, 2, 0)],
            (178, 15),
            "an old name is no old interface",
        ),
        (&[], (178, 15), "nothing is left"),
        (&[(b, 3, Hardware, 7, 7)], (178, 15), "one returns"),
    ]);
}

#[test]
fn two_that_exchange_their_names() {
    check(&[
        (
            &[
                ("eth0", 2, Hardware, 1_000, 0),
                ("eth1", 3, Hardware, 10, 0),
            ],
            (1_010, 0),
            "before",
        ),
        (
            &[
                ("eth0", 3, Hardware, 12, 0),
                ("eth1", 2, Hardware, 1_001, 0),
            ],
            (1_013, 0),
            "after",
        ),
    ]);
}

#[test]
fn only_what_lies_lowest_is_counted() {
    let cases: [(&[Seen<'_>], u64, &str); 8] = [
        (
            &[("eth0", 2, Hardware, 7, 0), ("br0", 3, Stacked, 7, 0)],
            7,
            "bridge over a card",
        ),
        (
            &[
                ("eth0", 2, Hardware, 3, 0),
                ("eth1", 3, Hardware, 4, 0),
                ("bond0", 4, Stacked, 7, 0),
                ("bond0.10", 5, Stacked, 7, 0),
            ],
            7,
            "a VLAN over a bond over two cards",
        ),
        (
            &[
                ("eth0", 2, Hardware, 7, 0),
                ("docker0", 3, Stacked, 5, 0),
                ("veth12", 9, Virtual, 5, 0),
                ("calif00", 8, Outward, 5, 0),
            ],
            7,
            "a host of containers",
        ),
        (
            &[
                ("eth0", 2, Hardware, 7, 0),
                ("wg0", 3, Virtual, 6, 0),
                ("tun0", 4, Virtual, 5, 0),
            ],
            7,
            "tunnels through a card",
        ),
        (
            &[("eth0", 2, Outward, 7, 0), ("lo", 1, Stacked, 9, 0)],
            7,
            "a container",
        ),
        (
            &[
                ("eth0", 2, Outward, 7, 0),
                ("docker0", 3, Stacked, 5, 0),
                ("veth1", 4, Virtual, 5, 0),
            ],
            7,
            "containers in a container",
        ),
        (
            &[("tap0", 2, Virtual, 7, 0), ("lo", 1, Stacked, 9, 0)],
            7,
            "a container without rights",
        ),
        (&[("lo", 1, Stacked, 9, 0)], 0, "nothing but loopback"),
    ];
    for (interfaces, expected, what) in cases {
        assert_eq!(
            round(&mut Traffic::default(), interfaces),
            (expected, 0),
            "{what}"
        );
    }
}

#[test]
fn a_kind_that_becomes_the_lowest_counts_from_then_on() {
    check(&[
        (
            &[("eth0", 2, Hardware, 100, 0), ("wg0", 3, Virtual, 90, 0)],
            (100, 0),
            "a card and a tunnel",
        ),
        (
            &[("wg0", 3, Virtual, 95, 0)],
            (105, 0),
            "the card was moved away",
        ),
        (
            &[("eth0", 2, Hardware, 1_000, 0), ("wg0", 3, Virtual, 99, 0)],
            (105, 0),
            "and came back",
        ),
        (
            &[("eth0", 2, Hardware, 1_010, 0), ("wg0", 3, Virtual, 99, 0)],
            (115, 0),
            "as before",
        ),
    ]);
}

#[test]
fn where_only_names_are_known() {
    for (name, expected) in [
        ("lo", Stacked),
        ("lo0", Hardware),
        ("veth12", Virtual),
        ("docker0", Virtual),
        ("br-5d1f", Virtual),
        ("eth0", Hardware),
        ("wlan0", Hardware),
        ("enp3s0", Hardware),
    ] {
        let Interface { index, place } = Interface::by_name(name.as_bytes());
        assert_eq!((index, place), (None, expected), "{name}");
    }
    check(&[
        (
            &[
                ("lo", 0, Hardware, 9, 9),
                ("eth0", 0, Hardware, 5, 1),
                ("veth1a", 0, Hardware, 5, 5),
            ],
            (5, 1),
            "at first",
        ),
        (
            &[("eth0", 0, Hardware, 6, 1), ("veth1a", 0, Hardware, 7, 7)],
            (6, 1),
            "growth",
        ),
    ]);
}

#[test]
fn errors_and_drops_are_summed_as_well() {
    let mut traffic = Traffic::default();
    let counters = |n| NetworkReading {
        received_errors: n,
        received_dropped: 2 * n,
        sent_errors: 3 * n,
        sent_dropped: 4 * n,
        ..NetworkReading::default()
    };
    for (n, expected) in [(1, 1), (5, 5), (2, 7)] {
        traffic.add(b"eth0", counters(n));
        assert_eq!(traffic.finish(Interface::by_name), counters(expected));
    }
}
