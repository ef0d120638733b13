//! The URL of a Redis, in all its forms. Pure.

use std::path::PathBuf;

use bongsu_connect::Target;
use bongsu_secret::Secret;

use crate::error::UrlError;

const PORT: u16 = 6_379;
const SENTINEL_PORT: u16 = 26_379;

/// What a URL says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) place: Place,
    pub(crate) login: Option<Login>,
    pub(crate) database: u32,
    /// TLS, and whose certificates are believed.
    pub(crate) tls: Option<Ca>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp(Target),
    Unix(PathBuf),
    Sentinel {
        sentinels: Vec<Target>,
        name: String,
        login: Option<Login>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// None: the user called `default`.
    pub(crate) user: Option<String>,
    pub(crate) password: Secret,
}

/// Whose certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ca {
    System,
    File(PathBuf),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tcp,
    Unix,
    Sentinel,
}

/// Reads a URL.
pub(crate) fn read(url: &str) -> Result<Address, UrlError> {
    let wrong = |reason: &str| Err(UrlError::new(reason));
    let url = url.trim();
    let Some((scheme, rest)) = url.split_once("://") else {
        return wrong("it must begin with redis://, rediss://, unix:// or redis-sentinel://");
    };
    let (kind, tls) = match scheme.to_ascii_lowercase().as_str() {
        "redis" | "valkey" => (Kind::Tcp, false),
        "rediss" | "valkeys" => (Kind::Tcp, true),
        "unix" | "redis+unix" | "valkey+unix" | "redis+socket" => (Kind::Unix, false),
        "redis-sentinel" | "redis+sentinel" => (Kind::Sentinel, false),
        "rediss-sentinel" | "rediss+sentinel" => (Kind::Sentinel, true),
        _ => {
            return wrong("it must begin with redis://, rediss://, unix:// or redis-sentinel://");
        }
    };
    let (userinfo, place) = split_userinfo(rest, kind);
    let place = place.split('#').next().unwrap_or_default();
    let (place, query) = place.split_once('?').unwrap_or((place, ""));
    let parameters = Parameters::read(query)?;
    let login = match userinfo {
        Some(text) => login(text)?,
        None => parameters.login("username", "password")?,
    };
    let (authority, path) = match (kind, place.split_once('/')) {
        // A socket's path keeps its slash, and has no host before it.
        (Kind::Unix, _) => ("", place),
        (_, Some((authority, path))) => (authority, path),
        (_, None) => (place, ""),
    };
    let (place, database) = match kind {
        Kind::Tcp => {
            let target = Target::parse(authority, Some(PORT)).map_err(UrlError::new)?;
            (Place::Tcp(target), path)
        }
        Kind::Unix => {
            let path = decode(path, "the socket's path")?;
            if !path.starts_with('/') {
                return wrong("a unix socket needs an absolute path, as in unix:///run/redis.sock");
            }
            (Place::Unix(path.into()), "")
        }
        Kind::Sentinel => {
            let (name, database) = path.split_once('/').unwrap_or((path, ""));
            if name.is_empty() {
                return wrong("it names no primary, as in redis-sentinel://host:26379/mymaster");
            }
            let place = Place::Sentinel {
                sentinels: authority
                    .split(',')
                    .map(|one| Target::parse(one.trim(), Some(SENTINEL_PORT)))
                    .collect::<Result<_, _>>()
                    .map_err(UrlError::new)?,
                name: decode(name, "the primary's name")?,
                login: parameters.login("sentinel_username", "sentinel_password")?,
            };
            (place, database)
        }
    };
    let database = match database.trim_end_matches('/') {
        "" => parameters.get(&["db", "database"]).unwrap_or("0"),
        number => number,
    };
    let ca = parameters.get(&["ca", "ssl_ca_certs", "cacert", "tls_ca"]);
    Ok(Address {
        place,
        login,
        database: database
            .parse()
            .map_err(|_| UrlError::new("the database is not a number"))?,
        tls: tls.then(|| ca.map_or(Ca::System, |file| Ca::File(file.into()))),
    })
}

/// What stands before the `@`. A password that was not encoded may hold any character: the last `@`
/// that is followed by something like a host ends it.
fn split_userinfo(rest: &str, kind: Kind) -> (Option<&str>, &str) {
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let inside = rest[..authority].rfind('@');
    let at = inside.or_else(|| {
        // Past the first slash an `@` belongs to a path, unless what stands before cannot be a host.
        let open = kind == Kind::Tcp && Target::parse(&rest[..authority], Some(PORT)).is_err();
        open.then(|| rest.rfind('@')).flatten()
    });
    match at {
        Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
        None => (None, rest),
    }
}

fn login(text: &str) -> Result<Option<Login>, UrlError> {
    if text.is_empty() || text == ":" {
        return Ok(None);
    }
    let Some((user, password)) = text.split_once(':') else {
        return Err(UrlError::new(
            "the login must be user:password or :password",
        ));
    };
    let user = decode(user, "the user")?;
    Ok(Some(Login {
        user: Some(user).filter(|user| !user.is_empty()),
        password: Secret::new(decode(password, "the password")?),
    }))
}

/// The query, decoded.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn read(query: &str) -> Result<Self, UrlError> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let value = decode(value, "a parameter")?;
                Ok((name.to_ascii_lowercase(), value))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn get(&self, names: &[&str]) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| names.contains(&&**name));
        found
            .map(|(_, value)| value.as_str())
            .filter(|v| !v.is_empty())
    }

    /// `user` and `pass` are the short names that other clients know.
    fn login(&self, user: &str, password: &str) -> Result<Option<Login>, UrlError> {
        let short = |name: &str| match name {
            "username" => "user",
            "password" => "pass",
            _ => "",
        };
        let user_given = self.get(&[user, short(user)]);
        match (user_given, self.get(&[password, short(password)])) {
            (_, Some(secret)) => Ok(Some(Login {
                user: user_given.map(str::to_owned),
                password: Secret::new(secret),
            })),
            (Some(_), None) => Err(UrlError::new("a user without a password")),
            (None, None) => Ok(None),
        }
    }
}

/// Percent-decoding. A `%` that two hexadecimal digits do not follow would be a guess.
fn decode(text: &str, what: &str) -> Result<String, UrlError> {
    let bad = || {
        UrlError::new(format!(
            "{what} has a '%' that is not followed by two hexadecimal digits; a '%' itself is '%25'"
        ))
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = digit().zip(digit()).ok_or_else(bad)?;
        // Two digits are a byte.
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| UrlError::new(format!("{what} is not UTF-8")))
}

#[cfg(test)]
mod tests;
