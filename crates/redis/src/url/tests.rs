use proptest::prelude::*;

use super::*;

/// Place, user, password, database.
type Parts<'a> = (&'a str, Option<&'a str>, Option<&'a str>, u32);

#[track_caller]
fn check(url: &str, expected: Parts<'_>) {
    let read = read(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    let place = match &read.place {
        Place::Tcp(target) => target.to_string(),
        Place::Unix(path) => path.display().to_string(),
        Place::Sentinel {
            sentinels, name, ..
        } => {
            let all: Vec<String> = sentinels.iter().map(ToString::to_string).collect();
            format!("{}/{name}", all.join(","))
        }
    };
    let login = read.login.as_ref();
    let got = (
        place.as_str(),
        login.and_then(|l| l.user.as_deref()),
        login.map(|l| l.password.expose()),
        read.database,
    );
    assert_eq!(got, expected, "{url}");
}

#[test]
fn plain() {
    check("redis://cache", ("cache:6379", None, None, 0));
    check("redis://cache/", ("cache:6379", None, None, 0));
    check(" redis://cache:7000/3\n", ("cache:7000", None, None, 3));
    check("valkey://cache", ("cache:6379", None, None, 0));
    check("REDIS://cache", ("cache:6379", None, None, 0));
    check("redis://[::1]/2", ("[::1]:6379", None, None, 2));
    check("redis://cache/0?timeout=5", ("cache:6379", None, None, 0));
    check("redis://cache?db=4", ("cache:6379", None, None, 4));
    check("redis://cache/1#insecure", ("cache:6379", None, None, 1));
    check("redis://cache/1?a=b&&c#d", ("cache:6379", None, None, 1));
}

#[test]
fn logins() {
    let with = |login: &str| format!("redis://{login}@cache/1");
    let ok = |login: &str, user, password| {
        check(&with(login), ("cache:6379", user, password, 1));
    };
    ok(":pw", None, Some("pw"));
    ok("bob:pw", Some("bob"), Some("pw"));
    ok("", None, None);
    ok(":", None, None);
    ok(":p%40ss", None, Some("p@ss"));
    ok("b%3Aob:p%2Fw%25%23%3f", Some("b:ob"), Some("p/w%#?"));
    ok("b:%ea%b0%80", Some("b"), Some("가"));
    // As people type them.
    ok(":p@ss", None, Some("p@ss"));
    ok("bob:p@w", Some("bob"), Some("p@w"));
    ok("bob:p:w", Some("bob"), Some("p:w"));
    ok("bob:p/w", Some("bob"), Some("p/w"));
    ok("bob:p#w?x", Some("bob"), Some("p#w?x"));
    check(
        "redis://cache?username=bob&password=p%40w",
        ("cache:6379", Some("bob"), Some("p@w"), 0),
    );
}

#[test]
fn sockets() {
    let path = "/run/redis.sock";
    check("unix:///run/redis.sock", (path, None, None, 0));
    check("redis+unix:///run/redis.sock?db=2", (path, None, None, 2));
    check(
        "unix:///run/redis.sock?user=u&pass=p%40&db=1",
        (path, Some("u"), Some("p@"), 1),
    );
    check(
        "unix://u:p%40@/run/redis.sock",
        (path, Some("u"), Some("p@"), 0),
    );
    check("unix:///run/my%20redis", ("/run/my redis", None, None, 0));
}

#[test]
fn sentinels() {
    check(
        "redis-sentinel://user:p%40w@host1:26380,host2,[::1]:7/mymaster/3",
        (
            "host1:26380,host2:26379,[::1]:7/mymaster",
            Some("user"),
            Some("p@w"),
            3,
        ),
    );
    check(
        "redis+sentinel://host1/my-master?db=2",
        ("host1:26379/my-master", None, None, 2),
    );
    let own = "redis-sentinel://h/m?sentinel_username=s&sentinel_password=t";
    let Place::Sentinel { login, .. } = read(own).unwrap().place else {
        panic!("{own}");
    };
    let login = login.unwrap();
    assert_eq!(
        (login.user.as_deref(), login.password.expose()),
        (Some("s"), "t")
    );
}

#[test]
fn tls() {
    let check = |url: &str, expected| assert_eq!(read(url).unwrap().tls, expected, "{url}");
    check("redis://cache?ca=/ca.pem", None);
    check("rediss://cache", Some(Ca::System));
    check("valkeys://cache#insecure", Some(Ca::System));
    check(
        "rediss://cache?ca=/a%20b.pem",
        Some(Ca::File("/a b.pem".into())),
    );
    check(
        "rediss://cache?ssl_ca_certs=/ca.pem",
        Some(Ca::File("/ca.pem".into())),
    );
    check("rediss-sentinel://h/m?ca=/c", Some(Ca::File("/c".into())));
}

#[test]
fn refused() {
    for url in [
        "",
        "cache:6379",
        "http://cache",
        "redis://",
        "redis:///1",
        "redis://bob@cache",
        "redis://:%4@cache",
        "redis://:%zz@cache",
        "redis://:%ff@cache",
        "redis://cache/x",
        "redis://cache/1/2",
        "redis://cache/-1",
        "redis://cache:port",
        "redis://cache:0",
        "redis://cache:70000",
        "redis://a b",
        "redis://cache?username=bob",
        "unix://redis.sock",
        "unix://",
        "redis-sentinel://host",
        "redis-sentinel:///m",
        "redis-sentinel://a,,b/m",
        "redis-sentinel://a/m/x",
    ] {
        assert!(read(url).is_err(), "{url:?} is read");
    }
}

proptest! {
    #[test]
    fn any_login_comes_back_when_encoded(user in "\\PC{1,8}", password in "\\PC{1,12}") {
        let encode = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let url = format!("redis://{}:{}@cache:1/2", encode(&user), encode(&password));
        check(&url, ("cache:1", Some(&user), Some(&password), 2));
    }

    #[test]
    fn an_error_never_holds_the_password(password in "[A-Z]{8}", rest in "[@:/?#%,x0-9]{0,12}") {
        if let Err(error) = read(&format!("redis://u:{password}{rest}")) {
            prop_assert!(!error.to_string().contains(&password), "{error}");
        }
    }
}
