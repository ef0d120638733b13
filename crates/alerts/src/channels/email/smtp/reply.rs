//! A server's reply. The code decides; the text is for people and may be in any charset.

/// One reply, of one line or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// The text on one line.
    pub(super) fn text(&self) -> String {
        self.lines.join(" ")
    }
}

/// One line of a reply: its code, whether another line follows, and the text.
pub(super) fn line(bytes: &[u8]) -> Option<(u16, bool, String)> {
    let (digits, rest) = bytes.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = digits
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (more, text) = match rest.split_first() {
        None => (false, rest),
        Some((b' ', text)) => (false, text),
        Some((b'-', text)) => (true, text),
        Some(_) => return None,
    };
    (200..600)
        .contains(&code)
        .then(|| (code, more, lossy(text)))
}

/// What is not UTF-8, in EUC-KR for example, becomes one mark a run.
pub(super) fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for c in String::from_utf8_lossy(bytes).chars() {
        if c != char::REPLACEMENT_CHARACTER || !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let check = |bytes: &[u8], want: Option<(u16, bool, &str)>| {
            let want = want.map(|(code, more, text)| (code, more, text.to_owned()));
            assert_eq!(line(bytes), want, "{}", lossy(bytes));
        };
        check(b"250 OK", Some((250, false, "OK")));
        check(b"250-SIZE 1", Some((250, true, "SIZE 1")));
        check(b"250", Some((250, false, "")));
        check(b"250-", Some((250, true, "")));
        check(b"550 5.1.1 no", Some((550, false, "5.1.1 no")));
        // "존재하지 않는" in EUC-KR.
        let korean = b"550 \xc1\xb8\xc0\xe7\xc7\xcf\xc1\xf6 \xbe\xca\xb4\xc2 <x@y>";
        let (code, more, text) = line(korean).unwrap();
        assert_eq!((code, more), (550, false));
        assert!(text.ends_with("<x@y>") && text.len() < 60, "{text}");
        for wrong in [
            &b"25"[..],
            b"",
            b"25x OK",
            b"250=OK",
            b"+OK",
            b"HTTP/1.1 400",
            b"100 x",
            b"600 x",
        ] {
            check(wrong, None);
        }
    }
}
