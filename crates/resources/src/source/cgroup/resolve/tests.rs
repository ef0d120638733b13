use super::*;

fn place(version: Version, mount: &str, below: &str) -> Option<Place> {
    Some(Place {
        version,
        mount: mount.into(),
        below: below.into(),
    })
}

#[test]
fn version_2_on_a_host_with_systemd() {
    let mounts = "24 30 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    let places = resolve("0::/system.slice/engine.service\n", mounts);
    let expected = place(Version::V2, "/sys/fs/cgroup", "system.slice/engine.service");
    assert_eq!((&places.memory, &places.cpu), (&expected, &expected));
    let folders: Vec<_> = places.memory.as_ref().unwrap().folders().collect();
    let at = |path: &str, top| (PathBuf::from(path), top);
    let base = "/sys/fs/cgroup";
    assert_eq!(
        folders,
        [
            at(&format!("{base}/system.slice/engine.service"), false),
            at(&format!("{base}/system.slice"), false),
            at(&format!("{base}/"), true)
        ]
    );
}

#[test]
fn version_2_in_a_container() {
    let mounts = "700 690 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n";
    assert_eq!(
        resolve("0::/\n", mounts).memory,
        place(Version::V2, "/sys/fs/cgroup", "")
    );
    // moved out of its namespace's root, or a host path without a namespace
    assert_eq!(
        resolve("0::/../other\n", mounts).memory,
        place(Version::V2, "/sys/fs/cgroup", "")
    );
}

#[test]
fn version_1_bind_mounted_by_docker() {
    let cgroup = "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/docker/abc\n";
    let mounts = "\
600 599 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
601 599 0:31 /docker/abc /sys/fs/cgroup/memory ro master:3 - cgroup cgroup rw,memory
602 599 0:32 /docker/abc /sys/fs/cgroup/systemd ro - cgroup systemd rw,name=systemd
";
    let places = resolve(cgroup, mounts);
    assert_eq!(
        places.memory,
        place(Version::V1, "/sys/fs/cgroup/memory", "")
    );
    assert_eq!(
        places.cpu,
        place(Version::V1, "/sys/fs/cgroup/cpu,cpuacct", "")
    );
    assert_eq!(places.cpuacct, places.cpu);
    assert_eq!(places.unified, None);
}

#[test]
fn both_versions_at_once() {
    let cgroup = "4:memory:/jobs/7\n2:cpuacct:/\n1:cpu:/\n0::/\n";
    let mounts = "\
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
";
    let places = resolve(cgroup, mounts);
    assert_eq!(
        places.memory,
        place(Version::V1, "/sys/fs/cgroup/memory", "jobs/7")
    );
    assert_eq!(
        places.cpu,
        place(Version::V1, "/sys/fs/cgroup/cpu", ""),
        "not cpuacct's, whose name begins alike"
    );
    assert_eq!(
        places.unified,
        place(Version::V2, "/sys/fs/cgroup/unified", "")
    );
    // a controller that version 1 does not bind is version 2's
    let places = resolve("4:memory:/jobs/7\n0::/jobs\n", mounts);
    assert_eq!(
        places.cpu,
        place(Version::V2, "/sys/fs/cgroup/unified", "jobs")
    );
}

#[test]
fn odd_input() {
    assert_eq!(resolve("", ""), Places::default());
    assert_eq!(resolve("0::/x\n", "").memory, None);
    assert_eq!(
        resolve("nonsense\n", "1 2 3 - cgroup2\n - \n"),
        Places::default()
    );
    let mounts = r"24 30 0:26 / /mnt/a\040b\134c rw - cgroup2 none rw";
    assert_eq!(
        resolve("0::/x:y\n", mounts).memory,
        place(Version::V2, r"/mnt/a b\c", "x:y")
    );
    for (text, expected) in [
        (r"\04", r"\04"),
        (r"a\", r"a\"),
        (r"\999", r"\999"),
        ("é\\040é", "é é"),
    ] {
        assert_eq!(unescape(text), expected);
    }
}
