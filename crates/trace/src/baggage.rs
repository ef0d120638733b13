//! `baggage`: what the services of one journey tell each other. Kept and passed on, not read.
//!
//! <https://www.w3.org/TR/baggage/>

/// Members, and letters of the whole, that every service has to pass on; what is more is left out.
const MOST: usize = 64;
const ROOM: usize = 8_192;

/// The headers' members as one list, in order, as far as there is room. A member that is none (no `key=value`
/// of printable ASCII) is left out alone. None when nothing is left.
///
/// ```
/// use bongsu_trace::baggage;
///
/// let kept = baggage([&b"desk=seoul;public , ,nonsense"[..], b"user=%ED%95%9C"]);
/// assert_eq!(kept.as_deref(), Some("desk=seoul;public,user=%ED%95%9C"));
/// ```
#[must_use]
pub fn baggage<'h>(headers: impl IntoIterator<Item = &'h [u8]>) -> Option<String> {
    let mut kept = String::new();
    let members = headers
        .into_iter()
        .flat_map(|header| header.split(|c| *c == b','))
        .filter_map(|member| std::str::from_utf8(member.trim_ascii()).ok())
        .filter(|member| is_member(member));
    for member in members.take(MOST) {
        if kept.len() + 1 + member.len() > ROOM {
            break;
        }
        if !kept.is_empty() {
            kept.push(',');
        }
        kept.push_str(member);
    }
    (!kept.is_empty()).then_some(kept)
}

fn is_member(member: &str) -> bool {
    let Some((key, _)) = member.split_once('=') else {
        return false;
    };
    let token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    let key = key.trim_end();
    !key.is_empty()
        && key.bytes().all(token)
        && member.bytes().all(|c| matches!(c, b'\t' | 0x20..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members() {
        let check = |given: &[&[u8]], want: Option<&str>| {
            assert_eq!(baggage(given.iter().copied()).as_deref(), want);
        };
        check(&[], None);
        check(&[b" , "], None);
        check(&[b"a=1"], Some("a=1"));
        check(&[b"a=1;p;q=r , b=2"], Some("a=1;p;q=r,b=2"));
        check(&[b"a=1", b"b="], Some("a=1,b="));
        check(&[b"a=1,b,=2,c d=3,\xff=4,e=5"], Some("a=1,e=5"));
        check(&[b"a = 1"], Some("a = 1"));
    }

    #[test]
    fn there_is_no_more_than_the_room() {
        let members: Vec<String> = (0..100).map(|i| format!("k{i}=v")).collect();
        let kept = baggage([members.join(",").as_bytes()]).unwrap();
        assert_eq!(kept, members[..64].join(","));
        let long: Vec<String> = (0..20)
            .map(|i| format!("k{i}={}", "v".repeat(1_000)))
            .collect();
        let kept = baggage([long.join(",").as_bytes()]).unwrap();
        assert_eq!(kept, long[..8].join(","));
    }
}
