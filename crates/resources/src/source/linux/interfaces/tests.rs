use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

/// A tree as the kernel shows it: `name`, its number, its type, its link, and what else there is:
/// `x/` is a folder, `x -> y` a link.
struct Tree(TempDir);

impl Tree {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn add(&self, name: &str, [index, kind, link]: [u64; 3], more: &[&str]) -> &Self {
        let folder = self.0.path().join("sys/class/net").join(name);
        fs::create_dir_all(&folder).unwrap();
        for (file, number) in [("ifindex", index), ("type", kind), ("iflink", link)] {
            fs::write(folder.join(file), format!("{number}\n")).unwrap();
        }
        for entry in more {
            match entry.split_once(" -> ") {
                Some((link, target)) => symlink(target, folder.join(link)).unwrap(),
                None => fs::create_dir(folder.join(entry.trim_end_matches('/'))).unwrap(),
            }
        }
        self
    }

    #[track_caller]
    fn check(&self, expected: &[(&str, u64, Place)]) {
        let interfaces = Interfaces::new(self.0.path());
        for (name, index, place) in expected {
            let expected = Interface {
                index: Some(*index),
                place: *place,
            };
            assert_eq!(interfaces.look(name.as_bytes()), expected, "{name}");
        }
    }
}

use Place::{Hardware, Outward, Stacked, Virtual};

#[test]
fn a_host_with_everything_on_it() {
    let tree = Tree::new();
    tree.add("lo", [1, 772, 1], &[])
        .add(
            "eth0",
            [2, 1, 2],
            &[
                "device -> ../../../virtio0",
                "master -> ../br0",
                "upper_br0 -> ../br0",
                "brport/",
            ],
        )
        .add(
            "eth1",
            [3, 1, 3],
            &["device -> ../../../0000:00:05.0", "master -> ../bond0"],
        )
        .add("br0", [4, 1, 4], &["bridge/", "lower_eth0 -> ../eth0"])
        .add("bond0", [5, 1, 5], &["bonding/", "lower_eth1 -> ../eth1"])
        .add("bond0.10", [6, 1, 5], &["lower_bond0 -> ../bond0"])
        .add("team0", [7, 1, 7], &["lower_eth9 -> ../eth9"])
        .add("docker0", [8, 1, 8], &["bridge/"])
        .add("veth1f", [9, 1, 10], &["master -> ../docker0", "brport/"])
        .add("macvlan0", [11, 1, 2], &["lower_eth0 -> ../eth0"])
        .add("wg0", [12, 65_534, 12], &[])
        .add("tun0", [13, 65_534, 13], &[])
        .add("gre1", [14, 778, 2], &[])
        .add("sit0", [15, 776, 0], &[])
        .add("ifb0", [16, 1, 16], &[])
        .add("cali5f", [17, 1, 4], &[]);
    tree.check(&[
        ("lo", 1, Stacked),
        ("eth0", 2, Hardware),
        ("eth1", 3, Hardware),
        ("br0", 4, Stacked),
        ("bond0", 5, Stacked),
        ("bond0.10", 6, Stacked),
        ("team0", 7, Stacked),
        ("docker0", 8, Stacked),
        ("veth1f", 9, Virtual),
        ("macvlan0", 11, Stacked),
        ("wg0", 12, Virtual),
        ("tun0", 13, Virtual),
        ("gre1", 14, Virtual),
        ("sit0", 15, Virtual),
        ("ifb0", 16, Virtual),
        ("cali5f", 17, Virtual),
    ]);
}

#[test]
fn a_container() {
    let tree = Tree::new();
    tree.add("eth0", [40, 1, 41], &[])
        .add("net1", [42, 1, 2], &[]) // a macvlan whose device stayed outside
        .add("br0", [43, 1, 43], &["bridge/"])
        .add("tunl0", [44, 768, 0], &[]);
    tree.check(&[
        ("eth0", 40, Outward),
        ("net1", 42, Outward),
        ("br0", 43, Stacked),
        ("tunl0", 44, Virtual),
    ]);
}

#[test]
fn a_virtual_machine_with_a_card_passed_through() {
    let tree = Tree::new();
    tree.add(
        "eth0",
        [2, 1, 2],
        &["device -> ../../../vmbus", "lower_enP1 -> ../enP1"],
    )
    .add(
        "enP1",
        [3, 1, 3],
        &["device -> ../../../pci", "master -> ../eth0"],
    );
    fs::create_dir(tree.0.path().join("sys/vmbus")).unwrap();
    tree.check(&[("eth0", 2, Hardware), ("enP1", 3, Stacked)]);
}

#[test]
fn without_sysfs_the_name_tells() {
    let nothing = TempDir::new().unwrap();
    let interfaces = Interfaces::new(nothing.path());
    for name in ["eth0", "lo", "veth3"] {
        let name = name.as_bytes();
        assert_eq!(interfaces.look(name), Interface::by_name(name));
    }
}
