//! A connection, and what comes over it.

use std::fmt;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisConnectionInfo, RedisError, Value};

use crate::error::Error;
use crate::stream::{Allowance, Metered, Stream};

/// The most bytes that all answers of one call may have; a section of `INFO` has some thousand.
const LONGEST: usize = 256 * 1024;

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// A simple string, such as `OK`.
    Status(String),
    /// The server said no to this command.
    Error(String),
    /// A number.
    Integer(i64),
    /// Bytes.
    Bulk(Vec<u8>),
    /// Nothing there.
    Nil,
    /// Several.
    Array(Vec<Reply>),
}

impl Reply {
    /// The text of a status or of bytes that are text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Status(text) => Some(text),
            Self::Bulk(bytes) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// The value of `key` in a section of `INFO`.
#[must_use]
pub fn info<'a>(section: &'a str, key: &str) -> Option<&'a str> {
    section
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .map(str::trim)
}

/// A connection, logged in. After an error, or a call that was given up, it is out of step: drop it.
pub struct Link {
    connection: MultiplexedConnection,
    /// Moves bytes while somebody waits for them.
    driver: Pin<Box<dyn Future<Output = ()> + Send>>,
    allowance: Allowance,
    limit: Duration,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) async fn open(stream: Stream, limit: Duration) -> Result<Self, Error> {
        let allowance = Allowance::default();
        allowance.set(LONGEST);
        let metered = Metered {
            stream,
            allowance: allowance.clone(),
        };
        let settings = RedisConnectionInfo::default().set_skip_set_lib_name();
        // The time limit is the caller's: one clock, not two.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&settings, metered, config)
                .await
                .map_err(|error| told(&error, &allowance))?;
        Ok(Self {
            connection,
            driver: Box::pin(driver),
            allowance,
            limit,
        })
    }

    /// Sends the commands in one round trip and waits for all replies. A command that the server
    /// refuses is a [`Reply::Error`] in its place.
    ///
    /// # Errors
    /// When the connection fails, answers something else, too much, or not in time.
    pub async fn call(&mut self, commands: &[&[&[u8]]]) -> Result<Vec<Reply>, Error> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        self.allowance.set(LONGEST);
        let limit = self.limit;
        let Self {
            connection, driver, ..
        } = self;
        // Each by itself and all at once: they share a round trip, and each gets its own answer, whereas
        // the library's pipelines lose the reason why a connection broke.
        let asked = commands.iter().map(|words| {
            let mut connection = connection.clone();
            async move {
                let mut command = redis::Cmd::new();
                for word in *words {
                    command.arg(*word);
                }
                connection.send_packed_command(&command).await
            }
        });
        let ask = async {
            let mut answers = pin!(join_all(asked));
            tokio::select! {
                biased;
                answers = &mut answers => answers,
                // The connection is over; the answers say how.
                () = driver => answers.await,
            }
        };
        // Bytes of a stranger: whatever they make of the parser, the service lives on.
        let guarded = bongsu_catch::future(ask);
        let answers = match tokio::time::timeout(limit, guarded).await {
            Err(_) => return Err(Error::Timeout { limit }),
            Ok(Err(_panicked)) => return Err(Error::NotRedis),
            Ok(Ok(answers)) => answers,
        };
        let replies = answers.into_iter().map(|answer| match answer {
            Ok(value) => reply(value),
            Err(error) => Err(told(&error, &self.allowance)),
        });
        replies.collect()
    }

    /// One command.
    ///
    /// # Errors
    /// As [`Link::call`], and when the server refuses the command.
    pub async fn one(&mut self, words: &[&[u8]]) -> Result<Reply, Error> {
        match self.call(&[words]).await?.pop() {
            Some(Reply::Error(said)) => Err(Error::Server(said)),
            Some(reply) => Ok(reply),
            None => Err(Error::NotRedis),
        }
    }
}

fn reply(value: Value) -> Result<Reply, Error> {
    Ok(match value {
        Value::Okay => Reply::Status("OK".to_owned()),
        Value::SimpleString(text) => Reply::Status(text),
        Value::ServerError(error) => Reply::Error(server(error.code(), error.details())),
        Value::Int(number) => Reply::Integer(number),
        Value::BulkString(bytes) => Reply::Bulk(bytes),
        Value::Nil => Reply::Nil,
        Value::Array(values) => {
            Reply::Array(values.into_iter().map(reply).collect::<Result<_, _>>()?)
        }
        // The rest is RESP3, which nobody asked for.
        _ => return Err(Error::NotRedis),
    })
}

/// As the server wrote it: code, then words.
fn server(code: &str, words: Option<&str>) -> String {
    match words {
        Some(words) => format!("{code} {words}"),
        None => code.to_owned(),
    }
}

fn told(error: &RedisError, allowance: &Allowance) -> Error {
    if allowance.is_spent() {
        return Error::TooLong;
    }
    if let (Some(code), ErrorKind::Server(_) | ErrorKind::Extension) = (error.code(), error.kind())
    {
        return Error::Server(server(code, error.detail()));
    }
    match error.kind() {
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Error::NotRedis,
        ErrorKind::Io if error.is_connection_dropped() => Error::HungUp,
        _ => Error::Io(bongsu_text::chain(error)),
    }
}
