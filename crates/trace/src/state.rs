//! `tracestate`: what tracing systems along the way say of a trace. It is theirs; here it is checked, kept
//! and passed on.
//!
//! <https://www.w3.org/TR/trace-context/#tracestate-header>

/// Entries that a list may have.
const MOST: usize = 32;
/// Letters of a key, and of a value.
const LONGEST: usize = 256;
/// Letters of the whole that are passed on; whole entries are left out at the end past it.
const ROOM: usize = 4_096;

/// The headers' entries as one list, in order. None when there is none, or when one of them is not valid: the
/// specification says to drop the whole list then, and to keep the trace.
///
/// ```
/// use bongsu_trace::tracestate;
///
/// let kept = tracestate([&b"rojo=00f067aa0ba902b7"[..], b" congo=t61rcWkgMzE,"]);
/// assert_eq!(kept.as_deref(), Some("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
/// assert_eq!(tracestate([&b"no equals sign"[..]]), None);
/// ```
#[must_use]
pub fn tracestate<'h>(headers: impl IntoIterator<Item = &'h [u8]>) -> Option<String> {
    let mut list: Vec<&str> = Vec::new();
    for header in headers {
        for entry in std::str::from_utf8(header).ok()?.split(',') {
            let entry = entry.trim_matches([' ', '\t']);
            if entry.is_empty() {
                continue;
            }
            let (key, value) = entry.split_once('=')?;
            let known = |other: &&str| other.split('=').next() == Some(key);
            if !is_key(key) || !is_value(value) || list.iter().any(known) || list.len() == MOST {
                return None;
            }
            list.push(entry);
        }
    }
    let mut kept = String::new();
    for entry in list {
        if kept.len() + 1 + entry.len() > ROOM {
            break;
        }
        if !kept.is_empty() {
            kept.push(',');
        }
        kept.push_str(entry);
    }
    (!kept.is_empty()).then_some(kept)
}

fn is_key(key: &str) -> bool {
    let letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"_-*/@".contains(&c);
    let first = key.as_bytes().first();
    first.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        && key.len() <= LONGEST
        && key.bytes().all(letter)
}

fn is_value(value: &str) -> bool {
    (1..=LONGEST).contains(&value.len())
        && value.bytes().all(|c| matches!(c, 0x20..=0x7e) && c != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists() {
        let check = |given: &[&str], want: Option<&str>| {
            let got = tracestate(given.iter().map(|header| header.as_bytes()));
            assert_eq!(got.as_deref(), want, "{given:?}");
        };
        check(&[], None);
        check(&["", " , ,\t"], None);
        check(&["foo=1"], Some("foo=1"));
        check(&["foo=1 , bar=2"], Some("foo=1,bar=2"));
        check(&["foo=1", "bar=2"], Some("foo=1,bar=2"));
        check(&["a@b/c*-_=x y"], Some("a@b/c*-_=x y"));
        check(&["1a@vendor=v"], Some("1a@vendor=v"));
        for wrong in [
            "foo",
            "foo=",
            "=1",
            "Foo=1",
            "foo=a=b",
            "foo=1,foo=2",
            "foo =1",
            "-a=1",
            "foo=한",
        ] {
            check(&[wrong], None);
            check(&["bar=1", wrong], None);
        }
        let long = "k".repeat(256);
        check(&[&format!("{long}=v")], Some(&format!("{long}=v")));
        check(&[&format!("{long}k=v")], None);
        let many = |n: usize| {
            (0..n)
                .map(|i| format!("k{i}=v"))
                .collect::<Vec<_>>()
                .join(",")
        };
        check(&[&many(32)], Some(&many(32)));
        check(&[&many(33)], None);
    }

    #[test]
    fn whole_entries_are_left_out_past_the_room() {
        let entries: Vec<String> = (0..32)
            .map(|i| format!("k{i}={}", "v".repeat(250)))
            .collect();
        let kept = tracestate([entries.join(",").as_bytes()]).unwrap();
        assert!(kept.len() <= ROOM && kept.len() > ROOM - 260);
        assert!(
            kept.split(',')
                .zip(&entries)
                .all(|(kept, given)| kept == given)
        );
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_again(given in "[a-z=, ]{0,40}") {
            if let Some(kept) = tracestate([given.as_bytes()]) {
                prop_assert_eq!(tracestate([kept.as_bytes()]), Some(kept));
            }
        }
    }
}
