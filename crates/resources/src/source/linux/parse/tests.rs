use proptest::prelude::*;

use super::*;

fn times(busy: u64, total: u64) -> CpuReading {
    CpuReading::Times { busy, total }
}

#[test]
fn cpu_lines() {
    let text = b"cpu  10 1 20 100 7 2 3 4 9 9\ncpu0 5 1 10 50 7 2 3 4 9 9\ncpu3 5 0 10 50 0 0 0 0 0 0\nintr 99 1 2\nctxt 5\nbtime 1779958800\n";
    let mut out = Reading::default();
    stat(text, &mut out).unwrap();
    assert_eq!(
        out.cpu,
        times(40, 147),
        "steal is busy, iowait is not, guest is in user already"
    );
    assert_eq!(out.cores, [times(25, 82), times(15, 65)]);
    assert_eq!(boot_time(text), Some(1_779_958_800));

    let check = |text: &str, expected: Option<CpuReading>| {
        let mut out = Reading::default();
        assert_eq!(
            stat(text.as_bytes(), &mut out).map(|()| out.cpu),
            expected,
            "{text}"
        );
    };
    check("cpu 1 2 3 4\n", Some(times(6, 10)));
    check("cpu 1 2 3\n", None);
    check("cpu 1 2 x 4\n", None);
    check("cpu0 1 2 3 4\n", None);
    check("intr 1\n", None);
    check("", None);
}

#[test]
fn memory() {
    let text = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\nBuffers:  1 kB\nCached:  2 kB\nSwapCached: 9 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n";
    let kb = 1024;
    let expected = MemoryReading {
        total: 1000 * kb,
        available: 600 * kb,
        swap_total: 50 * kb,
        swap_free: 20 * kb,
    };
    assert_eq!(meminfo(text.as_bytes()), Some(expected));
    let old = text.replace("MemAvailable", "MemUnknown");
    assert_eq!(
        meminfo(old.as_bytes()),
        Some(MemoryReading {
            available: 103 * kb,
            ..expected
        }),
        "before kernel 3.14"
    );
    assert_eq!(meminfo(b"MemFree: 1 kB\n"), None);
    assert_eq!(meminfo(b"MemTotal: many kB\n"), None);
}

#[test]
fn load() {
    assert_eq!(
        loadavg(b"0.11 12.29 0.35 3/100 16595\n"),
        Some([0.11, 12.29, 0.35])
    );
    assert_eq!(loadavg(b"0.11 0.29\n"), None);
}

#[test]
fn interfaces() {
    let head = "Inter-|   Receive  |  Transmit\n face |bytes packets\n";
    let check = |lines: &str, expected: Option<(u64, u64)>| {
        let got = net_dev(
            format!("{head}{lines}").as_bytes(),
            &mut Traffic::default(),
            Interface::by_name,
        );
        assert_eq!(got.map(|n| (n.received, n.sent)), expected, "{lines}");
    };
    check(
        "    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0\n  eth0: 348130834   10123    0    0    0     0          0         0   572757    5538    0    0    0     0       0          0\n",
        Some((348_130_834, 572_757)),
    );
    check(
        "eth0:1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\neth0:1:5 0 0 0 0 0 0 0 6 0 0 0 0 0 0 0\n",
        Some((6, 8)),
    );
    check("", Some((0, 0)));
    check("eth0: 1 2 3\n", None);
    check("eth0 1 2 3\n", None);
}

#[test]
fn columns_of_an_interface() {
    let text = "head\nhead\neth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
    let expected = NetworkReading {
        received: 1,
        received_errors: 3,
        received_dropped: 4,
        sent: 9,
        sent_errors: 11,
        sent_dropped: 12,
    };
    let got = net_dev(text.as_bytes(), &mut Traffic::default(), Interface::by_name);
    assert_eq!(got, Some(expected));
}

#[test]
fn limits() {
    let check = |line: &str, expected: Option<u64>| {
        let text = format!(
            "Limit                     Soft Limit           Hard Limit           Units     \n{line}Max locked memory         8388608              8388608              bytes     \n"
        );
        assert_eq!(max_open_files(text.as_bytes()), expected, "{line}");
    };
    check(
        "Max open files            1024                 1048576              files     \n",
        Some(1_024),
    );
    check(
        "Max open files            unlimited            unlimited            files     \n",
        None,
    );
    check("", None);
}

#[test]
fn a_process() {
    let tail = "S 1 2 3 4 -1 4194304 102 0 0 0 150 50 0 0 20 0 7 0 171429 3133440 384 18446744073709551615 1";
    let check = |name: &str| {
        let text = format!("42 ({name}) {tail}\n");
        let stat = pid_stat(text.as_bytes()).unwrap();
        let expected = PidStat {
            pid: 42,
            name: name.as_bytes(),
            state: b'S',
            cpu_ticks: 200,
            threads: 7,
            start_ticks: 171_429,
            resident_pages: 384,
        };
        assert_eq!(stat, expected);
    };
    for name in ["cat", "tmux: server", "(sd-pam)", "a) S 1 (b", ""] {
        check(name);
    }
    for broken in ["", "42 cat S 1", "42 (cat) S 1 2 3", "x (cat) S 1 2"] {
        assert_eq!(pid_stat(broken.as_bytes()), None, "{broken}");
    }
}

#[test]
fn stalls() {
    let some = Stall {
        avg10: 1.5,
        avg60: 0.45,
        avg300: 4.52,
        total_micros: 69_235_837,
    };
    let text = "some avg10=1.50 avg60=0.45 avg300=4.52 total=69235837\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
    assert_eq!(
        pressure(text.as_bytes()),
        Some(PressureLine {
            some,
            full: Some(Stall::default())
        })
    );
    let old = text.lines().next().unwrap();
    assert_eq!(
        pressure(old.as_bytes()),
        Some(PressureLine { some, full: None }),
        "cpu before kernel 5.13"
    );
    assert_eq!(pressure(b"some avg10=1.50\n"), None);
    assert_eq!(pressure(b""), None);
}

#[test]
fn numbers() {
    let check =
        |text: &str, expected: Option<u64>| assert_eq!(number(text.as_bytes()), expected, "{text}");
    check("0", Some(0));
    check("18446744073709551615", Some(u64::MAX));
    check("18446744073709551616", None);
    check("", None);
    check("-1", None);
    check("max", None);
    check("1a", None);
    assert_eq!(
        keyed(b"inactive_anon 1\ninactive_file 22\n", b"inactive_file"),
        Some(22)
    );
    assert_eq!(
        keyed(b"oom_kill_disable 0\noom_kill 3\n", b"oom_kill"),
        Some(3),
        "whole keys only"
    );
    assert_eq!(keyed(b"oom 1\n", b"oom_kill"), None);
}

proptest! {
    #[test]
    fn nothing_panics(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut out = Reading::default();
        let _ = stat(&text, &mut out);
        let _ = meminfo(&text);
        let _ = loadavg(&text);
        let _ = net_dev(&text, &mut Traffic::default(), Interface::by_name);
        let _ = pid_stat(&text);
        let _ = pressure(&text);
        let _ = keyed(&text, b"a");
    }

    #[test]
    fn lines_like_the_kernels_do_not_panic(text in "(cpu[0-9]? |Mem[A-Z][a-z]+: |some |eth[0-9]: |[0-9]{1,25} ?|avg10=|\\(|\\)|\\.|\n){0,60}") {
        let mut out = Reading::default();
        let _ = stat(text.as_bytes(), &mut out);
        let _ = meminfo(text.as_bytes());
        let _ = loadavg(text.as_bytes());
        let _ = net_dev(text.as_bytes(), &mut Traffic::default(), Interface::by_name);
        let _ = pid_stat(text.as_bytes());
        let _ = pressure(text.as_bytes());
    }

    #[test]
    fn numbers_come_back(value: u64) {
        prop_assert_eq!(number(value.to_string().as_bytes()), Some(value));
    }
}
