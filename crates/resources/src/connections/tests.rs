use super::linux::{MAX_LISTED, parse};
use super::*;

#[test]
fn lines_of_the_tables() {
    let check = |protocol, line: &str, local: &str, remote: Option<&str>, state, uid, inode| {
        let expected = Connection {
            protocol,
            local: local.parse().unwrap(),
            remote: remote.map(|r| r.parse().unwrap()),
            state,
            uid,
            own: false,
        };
        assert_eq!(
            parse(protocol, line.as_bytes()),
            Some((expected, inode)),
            "{line}"
        );
    };
    let tail = "00000000:00000000 00:00000000 00000000  1000        0 98765 1 000000006dfeedd3 100 0 0 10 0";
    // the addresses are words in the machine's byte order; these are a little-endian machine's
    if cfg!(target_endian = "little") {
        check(
            "tcp",
            &format!("   0: 00000000:07E8 00000000:0000 0A {tail}"),
            "0.0.0.0:2024",
            None,
            "listen",
            1000,
            98765,
        );
        check(
            "tcp",
            &format!("  11: 0100007F:1F90 0200000A:01BB 01 {tail}"),
            "127.0.0.1:8080",
            Some("10.0.0.2:443"),
            "established",
            1000,
            98765,
        );
        check(
            "tcp6",
            &format!(
                "   1: 00000000000000000000000001000000:1538 B80D0120000000000000000001000000:0050 08 {tail}"
            ),
            "[::1]:5432",
            Some("[2001:db8::1]:80"),
            "close_wait",
            1000,
            98765,
        );
        check(
            "udp",
            &format!("  99: 00000000:0044 00000000:0000 07 {tail}"),
            "0.0.0.0:68",
            None,
            "none",
            1000,
            98765,
        );
    }
    for broken in [
        "",
        "0: zz:1 00000000:0000 0A",
        "0: 00000000:07E8 00000000:0000",
        "0: 0000:07E8 00000000:0000 0A 1 2 3 4 5 6",
    ] {
        assert_eq!(parse("tcp", broken.as_bytes()), None, "{broken}");
    }
}

#[test]
fn the_list_is_bounded_and_the_rest_counted() {
    let mut out = NetworkConnections::default();
    let listening = |state| Connection {
        protocol: "tcp",
        local: "127.0.0.1:1".parse().unwrap(),
        remote: None,
        state,
        uid: 0,
        own: state == "listen",
    };
    for _ in 0..MAX_LISTED {
        out.add(listening("close_wait"));
    }
    out.add(listening("listen"));
    assert_eq!((out.connections.len(), out.not_listed), (MAX_LISTED, 1));
    assert_eq!(
        (out.tcp_close_wait, out.tcp_listening, out.own),
        (10_000, 1, 1)
    );
}
