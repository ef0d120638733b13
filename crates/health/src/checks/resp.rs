//! As much of Redis's protocol (RESP2) as a check needs. Pure: bytes in, replies out.

/// The longest status, error or number line.
const LINE: usize = 4 * 1024;
/// The longest bulk reply; a section of `INFO` has one or two thousand bytes.
const BULK: usize = 64 * 1024;

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Status(String),
    Error(String),
    Integer(i64),
    /// `None` is the nil reply.
    Bulk(Option<Vec<u8>>),
}

/// Why the bytes are not a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RespError {
    #[error("the answer is not Redis's protocol")]
    NotRedis,
    #[error("the answer is longer than a check accepts")]
    TooLong,
}

/// Appends a command as an array of bulk strings.
pub(crate) fn encode(out: &mut Vec<u8>, words: &[&str]) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// The first reply in `bytes` and its length; `None` when more bytes are needed.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Reply, usize)>, RespError> {
    let Some(&kind) = bytes.first() else {
        return Ok(None);
    };
    if !matches!(kind, b'+' | b'-' | b':' | b'$') {
        return Err(RespError::NotRedis);
    }
    let Some(end) = bytes.iter().take(LINE).position(|b| *b == b'\r') else {
        return if bytes.len() >= LINE {
            Err(RespError::TooLong)
        } else {
            Ok(None)
        };
    };
    let line = bytes.get(1..end).unwrap_or_default();
    match bytes.get(end + 1) {
        None => return Ok(None),
        Some(b'\n') => {}
        Some(_) => return Err(RespError::NotRedis),
    }
    let after = end + 2;
    let text = || String::from_utf8_lossy(line).into_owned();
    let number = || {
        std::str::from_utf8(line)
            .ok()
            .and_then(|t| t.parse::<i64>().ok())
            .ok_or(RespError::NotRedis)
    };
    match kind {
        b'+' => Ok(Some((Reply::Status(text()), after))),
        b'-' => Ok(Some((Reply::Error(text()), after))),
        b':' => Ok(Some((Reply::Integer(number()?), after))),
        _ => bulk(bytes, after, number()?),
    }
}

fn bulk(bytes: &[u8], after: usize, length: i64) -> Result<Option<(Reply, usize)>, RespError> {
    if length == -1 {
        return Ok(Some((Reply::Bulk(None), after)));
    }
    let length = usize::try_from(length).map_err(|_| RespError::NotRedis)?;
    if length > BULK {
        return Err(RespError::TooLong);
    }
    let end = after + length;
    match bytes.get(end..end + 2) {
        None => Ok(None),
        Some(b"\r\n") => {
            let body = bytes.get(after..end).unwrap_or_default().to_vec();
            Ok(Some((Reply::Bulk(Some(body)), end + 2)))
        }
        Some(_) => Err(RespError::NotRedis),
    }
}

/// The value of `key` in a section of `INFO`.
pub(crate) fn info<'a>(section: &'a str, key: &str) -> Option<&'a str> {
    section
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<Option<(Reply, usize)>, RespError>) {
        assert_eq!(parse(bytes), expected);
    }

    #[test]
    fn replies() {
        check(b"", Ok(None));
        check(b"+PON", Ok(None));
        check(b"+PONG\r", Ok(None));
        check(
            b"+PONG\r\nrest",
            Ok(Some((Reply::Status("PONG".to_owned()), 7))),
        );
        check(
            b"-ERR no\r\n",
            Ok(Some((Reply::Error("ERR no".to_owned()), 9))),
        );
        check(b":42\r\n", Ok(Some((Reply::Integer(42), 5))));
        check(b"$-1\r\n", Ok(Some((Reply::Bulk(None), 5))));
        check(
            b"$2\r\nab\r\n",
            Ok(Some((Reply::Bulk(Some(b"ab".to_vec())), 8))),
        );
        check(b"$2\r\nab", Ok(None));
        check(b"$2\r\nabcd", Err(RespError::NotRedis));
        check(b"HTTP/1.1 400 Bad Request\r\n", Err(RespError::NotRedis));
        check(b"$-2\r\n", Err(RespError::NotRedis));
        check(b":x\r\n", Err(RespError::NotRedis));
        check(b"$99999999\r\n", Err(RespError::TooLong));
        check(&[b'+'; 5_000], Err(RespError::TooLong));
    }

    #[test]
    fn info_values() {
        let section = "# Memory\r\nused_memory:1024\r\nused_memory_human:1K\r\n";
        assert_eq!(info(section, "used_memory"), Some("1024"));
        assert_eq!(info(section, "used_memory_human"), Some("1K"));
        assert_eq!(info(section, "used"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some((_, length))) = parse(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }

        #[test]
        fn a_reply_cut_anywhere_is_awaited(body in proptest::collection::vec(any::<u8>(), 0..100), cut in any::<prop::sample::Index>()) {
            let mut whole = format!("${}\r\n", body.len()).into_bytes();
            whole.extend_from_slice(&body);
            whole.extend_from_slice(b"\r\n");
            prop_assert_eq!(parse(&whole[..cut.index(whole.len())]), Ok(None));
            let length = whole.len();
            prop_assert_eq!(parse(&whole), Ok(Some((Reply::Bulk(Some(body)), length))));
        }
    }
}
