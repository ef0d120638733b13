//! From a URL to a link.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bongsu_connect::{OffRuntime, Target};

use crate::error::{Error, UrlError};
use crate::link::{Link, Reply};
use crate::sentinel;
use crate::stream::{Stream, unix};
use crate::tls::Tls;
use crate::url::{Address, Login, Place, read};

/// How long a step may take when nobody says otherwise.
const LIMIT: Duration = Duration::from_secs(2);

/// A Redis by its URL. Cheap to clone; nothing is connected until somebody asks.
#[derive(Clone)]
pub struct Client {
    address: Arc<Address>,
    limit: Duration,
    off: OffRuntime,
    tls: Tls,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("address", &self.address)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Reads the URL; see the [crate's page](crate) for its forms.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn new(url: &str) -> Result<Self, UrlError> {
        Ok(Self {
            address: Arc::new(read(url)?),
            limit: LIMIT,
            off: OffRuntime::default(),
            tls: Tls::default(),
        })
    }

    /// How long connecting, and each call of a link, may take. Default: 2 s.
    #[must_use]
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) const fn time(&self) -> Duration {
        self.limit
    }

    /// Where it is, for people: host and port, a path, or the Sentinels and the primary's name.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.address.place {
            Place::Tcp(target) => target.to_string(),
            Place::Unix(path) => path.display().to_string(),
            Place::Sentinel {
                sentinels, name, ..
            } => {
                let all: Vec<String> = sentinels.iter().map(ToString::to_string).collect();
                format!("{name} of the Sentinels {}", all.join(", "))
            }
        }
    }

    /// Connects, logs in and selects the database.
    ///
    /// # Errors
    /// When one of these fails or the time is up.
    pub async fn connect(&self) -> Result<Link, Error> {
        let address = &*self.address;
        let connect = async {
            let stream = match &address.place {
                Place::Tcp(target) => self.stream(target).await?,
                Place::Unix(path) => unix(path).await?,
                Place::Sentinel {
                    sentinels,
                    name,
                    login,
                } => return sentinel::primary(self, sentinels, name, login.as_ref()).await,
            };
            self.greet(stream, address.login.as_ref(), address.database)
                .await
        };
        tokio::time::timeout(self.limit, connect)
            .await
            .unwrap_or(Err(Error::Timeout { limit: self.limit }))
    }

    /// The primary that a Sentinel named, logged in.
    pub(crate) async fn data_node(&self, target: &Target) -> Result<Link, Error> {
        let stream = self.stream(target).await?;
        let address = &*self.address;
        self.greet(stream, address.login.as_ref(), address.database)
            .await
    }

    pub(crate) async fn stream(&self, target: &Target) -> Result<Stream, Error> {
        let (socket, _) = target.connect(&self.off).await?;
        match &self.address.tls {
            Some(ca) => self.tls.wrap(ca, target, socket).await,
            None => Ok(Box::new(socket)),
        }
    }

    /// One round trip before the first question.
    pub(crate) async fn greet(
        &self,
        stream: Stream,
        login: Option<&Login>,
        database: u32,
    ) -> Result<Link, Error> {
        let mut link = Link::open(stream, self.limit).await?;
        let number = database.to_string();
        let mut words: Vec<Vec<&[u8]>> = Vec::new();
        if let Some(Login { user, password }) = login {
            let mut auth: Vec<&[u8]> = vec![b"AUTH"];
            auth.extend(user.as_ref().map(String::as_bytes));
            auth.push(password.expose().as_bytes());
            words.push(auth);
        }
        if database != 0 {
            words.push(vec![b"SELECT", number.as_bytes()]);
        }
        let commands: Vec<&[&[u8]]> = words.iter().map(Vec::as_slice).collect();
        for reply in link.call(&commands).await? {
            if let Reply::Error(said) = reply {
                return Err(Error::Server(said));
            }
        }
        Ok(link)
    }
}
