//! A browser's session: an instant, signed with the ops token.
//!
//! It survives a restart, and nothing about it is kept. It ends with its time, with the browser's
//! cookie, or for everybody when the token is changed.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, header};
use sha2::Sha256;

use crate::policy::constant_time_eq;

/// How long a session lasts.
pub(super) const LENGTH: Duration = Duration::from_secs(12 * 3600);
const COOKIE: &str = "bongsu_console";

/// The cookie of a session that begins at `now`, in seconds since 1970.
pub(super) fn cookie(token: &[u8], now: i64, secure: bool) -> String {
    let until = now.saturating_add(LENGTH.as_secs() as i64);
    let value = format!("{until}.{}", signature(token, until));
    set(&value, LENGTH, secure)
}

/// The cookie that ends a session.
pub(super) fn end(secure: bool) -> String {
    set("", Duration::ZERO, secure)
}

fn set(value: &str, age: Duration, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!(
        "{COOKIE}={value}; Path=/console; Max-Age={}; HttpOnly; SameSite=Strict{secure}",
        age.as_secs()
    )
}

/// Whether the request carries a session that has not ended.
pub(super) fn is_valid(headers: &HeaderMap, token: &[u8], now: i64) -> bool {
    let Some((until, given)) = read_cookie(headers, COOKIE).and_then(|v| v.split_once('.')) else {
        return false;
    };
    let Ok(until) = until.parse::<i64>() else {
        return false;
    };
    let right = signature(token, until);
    // A session of more than the full length was not made here.
    now < until
        && until - now <= LENGTH.as_secs() as i64
        && constant_time_eq(given.as_bytes(), right.as_bytes())
}

/// The value of the first cookie of that name.
pub(super) fn read_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(known, value)| (known == name).then_some(value))
}

fn signature(token: &[u8], until: i64) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(token) else {
        return String::new();
    };
    mac.update(b"bongsu console session until ");
    mac.update(until.to_string().as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookie: &str) -> HeaderMap {
        let pair = cookie.split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=b; {pair}; c=d").parse().unwrap());
        headers
    }

    #[test]
    fn a_session_ends_and_cannot_be_made_up() {
        let (token, now) = (&b"s3cret"[..], 1_800_000_000);
        let headers = sent(&cookie(token, now, false));
        let length = LENGTH.as_secs() as i64;
        assert!(is_valid(&headers, token, now));
        assert!(is_valid(&headers, token, now + length - 1));
        assert!(!is_valid(&headers, token, now + length));
        assert!(!is_valid(&headers, b"another", now));
        assert!(!is_valid(&HeaderMap::new(), token, now));
        let value = read_cookie(&headers, COOKIE).unwrap();
        let (until, mac) = value.split_once('.').unwrap();
        let later = until.parse::<i64>().unwrap() + 1;
        for made_up in [
            format!("{later}.{mac}"),
            format!("{until}.{}", "0".repeat(64)),
            format!("{until}."),
            "..".to_owned(),
            String::new(),
        ] {
            let headers = sent(&format!("{COOKIE}={made_up}"));
            assert!(!is_valid(&headers, token, now), "{made_up}");
        }
    }

    #[test]
    fn the_cookie_is_closed_and_does_not_show_the_token() {
        let cookie = cookie(b"s3cret", 0, true);
        assert!(!cookie.contains("s3cret"));
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/console", "Secure"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(end(false).contains("Max-Age=0"));
    }
}
