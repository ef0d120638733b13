//! Signed webhooks as in [Standard Webhooks 1.0](https://www.standardwebhooks.com): HMAC-SHA256 over
//! `id.timestamp.body`, so that a receiver knows who spoke, when, and that nothing was changed.
//!
//! ```
//! use bongsu_alerts::{Secret, signature::SigningKeys};
//!
//! let keys = SigningKeys::parse(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))?;
//! let signature = keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
//! assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
//! # Ok::<(), bongsu_alerts::signature::SignatureError>(())
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use bongsu_secret::Secret;

/// The idempotency key of a message.
pub const ID_HEADER: &str = "webhook-id";
/// Unix seconds of the attempt.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// One or more `v1,…`, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1";

/// One key, or several while a key is being replaced: the receiver accepts any.
#[derive(Clone)]
pub struct SigningKeys(Vec<Vec<u8>>);

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeys({} redacted)", self.0.len())
    }
}

/// A secret, or a signature, is not what the standard asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The secret does not start with `whsec_`.
    #[error("a signing secret starts with whsec_")]
    Prefix,
    /// What follows is not base64.
    #[error("a signing secret is base64 after whsec_")]
    Base64,
    /// The key has the wrong size.
    #[error("a signing key has 24 to 64 bytes, this one {0}")]
    Length(usize),
    /// There is no secret.
    #[error("no signing secret given")]
    Empty,
    /// No signature in the header fits.
    #[error("no signature matches")]
    Mismatch,
    /// The timestamp is too far from the receiver's clock.
    #[error("the timestamp is {0} s away from now")]
    Timestamp(u64),
}

impl SigningKeys {
    /// Reads `whsec_…`, or several separated by spaces while a key rotates: the first is the new one.
    ///
    /// # Errors
    /// When a part is not a secret of the standard.
    pub fn parse(secret: &Secret) -> Result<Self, SignatureError> {
        let keys = secret
            .expose()
            .split_whitespace()
            .map(parse_one)
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(SignatureError::Empty);
        }
        Ok(Self(keys))
    }

    /// The value of [`SIGNATURE_HEADER`].
    #[must_use]
    pub fn sign(&self, id: &str, unix_seconds: i64, body: &[u8]) -> String {
        let mut header = String::new();
        for key in &self.0 {
            if let Some(mac) = mac(key, id, unix_seconds, body) {
                if !header.is_empty() {
                    header.push(' ');
                }
                header.push_str(VERSION);
                header.push(',');
                header.push_str(&STANDARD.encode(mac.finalize().into_bytes()));
            }
        }
        header
    }

    /// The receiver's side: whether one of the signatures was made with one of the keys, within
    /// `tolerance_seconds` of `now` (the standard's libraries take 300).
    ///
    /// # Errors
    /// [`SignatureError::Timestamp`] for an old or future message, [`SignatureError::Mismatch`] for
    /// a foreign or changed one.
    pub fn verify(
        &self,
        id: &str,
        unix_seconds: i64,
        body: &[u8],
        header: &str,
        now: i64,
        tolerance_seconds: u64,
    ) -> Result<(), SignatureError> {
        let distance = now.abs_diff(unix_seconds);
        if distance > tolerance_seconds {
            return Err(SignatureError::Timestamp(distance));
        }
        let given = header.split(' ').filter_map(|part| {
            let (version, signature) = part.split_once(',')?;
            (version == VERSION).then(|| STANDARD.decode(signature).ok())?
        });
        for signature in given {
            for key in &self.0 {
                // `verify_slice` compares in constant time.
                if mac(key, id, unix_seconds, body)
                    .is_some_and(|mac| mac.verify_slice(&signature).is_ok())
                {
                    return Ok(());
                }
            }
        }
        Err(SignatureError::Mismatch)
    }
}

fn parse_one(text: &str) -> Result<Vec<u8>, SignatureError> {
    let text = text.strip_prefix(PREFIX).ok_or(SignatureError::Prefix)?;
    let key = STANDARD.decode(text).map_err(|_| SignatureError::Base64)?;
    if (24..=64).contains(&key.len()) {
        Ok(key)
    } else {
        Err(SignatureError::Length(key.len()))
    }
}

/// `None` never happens: HMAC takes keys of any length.
fn mac(key: &[u8], id: &str, unix_seconds: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(unix_seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const AT: i64 = 1_614_265_330;
    const WANT: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn keys(text: &str) -> Result<SigningKeys, SignatureError> {
        SigningKeys::parse(&Secret::new(text))
    }

    #[test]
    fn the_standards_vector() {
        assert_eq!(keys(SECRET).unwrap().sign(ID, AT, BODY), WANT);
    }

    #[test]
    fn bad_secrets() {
        let check =
            |text: &str, want: SignatureError| assert_eq!(keys(text).unwrap_err(), want, "{text}");
        check("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SignatureError::Prefix);
        check("whsec_not base64", SignatureError::Base64);
        check("whsec_AAAA", SignatureError::Length(3));
        check("  ", SignatureError::Empty);
        check(&format!("{SECRET} old"), SignatureError::Prefix);
    }

    #[test]
    fn a_rotating_key_signs_twice_and_either_side_may_lag() {
        let old = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let both = keys(&format!("{SECRET} {old}")).unwrap();
        let header = both.sign(ID, AT, BODY);
        assert!(header.starts_with(WANT) && header.split(' ').count() == 2);
        for receiver in [SECRET, old] {
            let receiver = keys(receiver).unwrap();
            assert_eq!(
                receiver.verify(ID, AT, BODY, &header, AT + 299, 300),
                Ok(())
            );
            assert_eq!(
                receiver.verify(ID, AT, b"{}", &header, AT, 300),
                Err(SignatureError::Mismatch)
            );
            assert_eq!(
                receiver.verify("other", AT, BODY, &header, AT, 300),
                Err(SignatureError::Mismatch)
            );
            assert_eq!(
                receiver.verify(ID, AT, BODY, &header, AT + 301, 300),
                Err(SignatureError::Timestamp(301))
            );
        }
        for garbage in [
            "",
            "v1",
            "v1,",
            "v1,!!",
            "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ] {
            assert_eq!(
                both.verify(ID, AT, BODY, garbage, AT, 300),
                Err(SignatureError::Mismatch),
                "{garbage:?}"
            );
        }
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(
            format!("{:?}", keys(SECRET).unwrap()),
            "SigningKeys(1 redacted)"
        );
    }
}
