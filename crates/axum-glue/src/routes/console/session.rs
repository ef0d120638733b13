//! A browser's session: an instant and a number of its own, signed with the ops token.
//!
//! It survives a restart, and nothing about it is kept while it lasts. It ends with its time, when its reader
//! signs out, or for everybody when the token is changed.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, header};
use sha2::Sha256;
use uuid::Uuid;

use crate::policy::constant_time_eq;

/// How long a session lasts.
pub(super) const LENGTH: Duration = Duration::from_secs(12 * 3600);
const COOKIE: &str = "bongsu_console";

/// The cookie of a session that begins at `now`, in seconds since 1970.
pub(super) fn cookie(token: &[u8], now: i64, secure: bool) -> String {
    let until = now.saturating_add(LENGTH.as_secs() as i64);
    let session = format!("{until}.{}", Uuid::new_v4().simple());
    let value = format!("{session}.{}", signature(token, &session));
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

/// The session that the request carries, with its end, if it was made here and is not over.
fn carried<'a>(headers: &'a HeaderMap, token: &[u8], now: i64) -> Option<(i64, &'a str)> {
    let (session, given) = read_cookie(headers, COOKIE)?.rsplit_once('.')?;
    let until: i64 = session.split_once('.')?.0.parse().ok()?;
    let right = signature(token, session);
    // A session of more than the full length was not made here.
    let lasts = now < until && until - now <= LENGTH.as_secs() as i64;
    let ours = constant_time_eq(given.as_bytes(), right.as_bytes());
    (lasts && ours).then_some((until, session))
}

/// Sessions that were ended before their time: their cookies may have been copied.
#[derive(Debug, Default)]
pub(super) struct Ended(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Each with the end that it would have had, the soonest first.
    sessions: BTreeSet<(i64, String)>,
    /// All that would have ended until then are over too.
    until: i64,
}

/// How many are remembered. Past it, those of others that would end soonest are over with them.
const MOST: usize = 4_096;

impl Ended {
    /// Whether the request carries a session that has not ended.
    pub(super) fn admits(&self, headers: &HeaderMap, token: &[u8], now: i64) -> bool {
        let Some((until, session)) = carried(headers, token, now) else {
            return false;
        };
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until > state.until && !state.sessions.contains(&(until, session.to_owned()))
    }

    /// Ends the session that the request carries, for whoever else has its cookie too.
    pub(super) fn end(&self, headers: &HeaderMap, token: &[u8], now: i64) {
        let Some((until, session)) = carried(headers, token, now) else {
            return;
        };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.sessions.insert((until, session.to_owned()));
        while let Some((until, _)) = state.sessions.first()
            && (*until <= now || state.sessions.len() > MOST)
        {
            state.until = *until;
            state.sessions.pop_first();
        }
    }
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

fn signature(token: &[u8], session: &str) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(token) else {
        return String::new();
    };
    mac.update(b"bongsu console session ");
    mac.update(session.as_bytes());
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
        let ended = Ended::default();
        let is_valid = |headers: &HeaderMap, token: &[u8], now| ended.admits(headers, token, now);
        assert!(is_valid(&headers, token, now));
        assert!(is_valid(&headers, token, now + length - 1));
        assert!(!is_valid(&headers, token, now + length));
        assert!(!is_valid(&headers, b"another", now));
        assert!(!is_valid(&HeaderMap::new(), token, now));
        let value = read_cookie(&headers, COOKIE).unwrap();
        let mut parts = value.split('.');
        let [until, number, mac] = std::array::from_fn(|_| parts.next().unwrap());
        let later = until.parse::<i64>().unwrap() + 1;
        for made_up in [
            format!("{later}.{number}.{mac}"),
            format!("{until}.{}.{mac}", "0".repeat(32)),
            format!("{until}.{number}.{}", "0".repeat(64)),
            format!("{until}.{number}."),
            format!("{until}.{mac}"),
            "..".to_owned(),
            String::new(),
        ] {
            let headers = sent(&format!("{COOKIE}={made_up}"));
            assert!(!is_valid(&headers, token, now), "{made_up}");
        }
    }

    #[test]
    fn a_session_that_was_ended_is_over_for_every_copy_of_its_cookie() {
        let (token, now) = (&b"s3cret"[..], 1_800_000_000);
        let [mine, other] = [(); 2].map(|()| sent(&cookie(token, now, false)));
        let ended = Ended::default();
        ended.end(&mine, token, now + 1);
        assert!(!ended.admits(&mine, token, now + 2));
        assert!(
            ended.admits(&other, token, now + 2),
            "another browser's stays"
        );
        ended.end(&sent("bongsu_console=1.2.3"), token, now);
        // Many that sign out are not remembered for ever, and none of them comes back.
        let newest = sent(&cookie(token, now + 10, false));
        for _ in 0..MOST {
            ended.end(&sent(&cookie(token, now + 5, false)), token, now + 5);
        }
        assert!(ended.0.lock().unwrap().sessions.len() <= MOST);
        assert!(!ended.admits(&mine, token, now + 6));
        assert!(ended.admits(&newest, token, now + 11));
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
