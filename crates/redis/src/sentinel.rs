//! Which server is the primary now: the Sentinels are asked one after the other, and what they say is
//! checked with the server itself, for a Sentinel may not have noticed yet.

use bongsu_connect::Target;

use crate::client::Client;
use crate::error::Error;
use crate::link::{Link, Reply};
use crate::url::Login;

pub(crate) async fn primary(
    client: &Client,
    sentinels: &[Target],
    name: &str,
    login: Option<&Login>,
) -> Result<Link, Error> {
    // A dead Sentinel must not use up the time of those that live.
    let share = client.time() / u32::try_from(sentinels.len()).unwrap_or(u32::MAX).max(1);
    let mut reason = "the URL names none".to_owned();
    for sentinel in sentinels {
        let ask = ask(client, sentinel, name, login);
        let found = tokio::time::timeout(share, ask)
            .await
            .unwrap_or(Err(Error::Timeout { limit: share }));
        match found {
            Ok(link) => return Ok(link),
            Err(error) => reason = format!("{sentinel}: {}", bongsu_text::chain(&error)),
        }
    }
    Err(Error::NoPrimary {
        name: name.to_owned(),
        reason,
    })
}

async fn ask(
    client: &Client,
    sentinel: &Target,
    name: &str,
    login: Option<&Login>,
) -> Result<Link, Error> {
    let stream = client.stream(sentinel).await?;
    let mut link = client.greet(stream, login, 0).await?;
    let question: &[&[u8]] = &[b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", name.as_bytes()];
    let target = match link.one(question).await? {
        Reply::Array(parts) => address(&parts),
        Reply::Nil => return Err(Error::Server("it does not know that name".to_owned())),
        _ => None,
    };
    let target = target.ok_or(Error::NotRedis)?;
    let mut node = client.data_node(&target).await?;
    match node.one(&[b"ROLE"]).await {
        Ok(Reply::Array(parts)) if parts.first().and_then(Reply::text) != Some("master") => Err(
            Error::Server(format!("{target} is named, but it is not the primary yet")),
        ),
        // A user without the right to ask: the first write will tell.
        Ok(_) | Err(Error::Server(_)) => Ok(node),
        Err(error) => Err(error),
    }
}

fn address(parts: &[Reply]) -> Option<Target> {
    let [host, port] = parts else { return None };
    Some(Target {
        host: host.text()?.to_owned(),
        port: port.text()?.parse().ok().filter(|port| *port != 0)?,
    })
}
