//! The little of Redis's protocol (RESP2) that is needed, over one connection.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Option<Vec<u8>>),
}

impl Reply {
    /// The text of a string; none for nil.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Simple(text) => Some(text),
            Self::Bulk(Some(bytes)) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Bulk(None) | Self::Error(_) => None,
        }
    }
}

/// Nothing that is asked for here is longer.
const MAX_LINE: u64 = 64 * 1_024;
const MAX_BULK: usize = 1 << 20;

/// One connection. After an error, or a call that was cancelled, it must not be used again: the next
/// answer would belong to an earlier question.
#[derive(Debug)]
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(super) async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends commands in one go and reads as many answers.
    pub(super) async fn call(&mut self, commands: &[Vec<&[u8]>]) -> io::Result<Vec<Reply>> {
        let mut bytes = Vec::new();
        for command in commands {
            encode(command, &mut bytes);
        }
        self.stream.get_mut().write_all(&bytes).await?;
        let mut replies = Vec::with_capacity(commands.len());
        for _ in commands {
            replies.push(self.reply().await?);
        }
        Ok(replies)
    }

    async fn reply(&mut self) -> io::Result<Reply> {
        let line = self.line().await?;
        let (kind, rest) = line
            .split_at_checked(1)
            .ok_or_else(|| garbage("an empty line"))?;
        match kind {
            "+" => Ok(Reply::Simple(rest.to_owned())),
            "-" => Ok(Reply::Error(rest.to_owned())),
            ":" => Ok(Reply::Integer(number(rest)?)),
            "$" => self.bulk(number(rest)?).await,
            _ => Err(garbage("an unexpected type")),
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        (&mut self.stream)
            .take(MAX_LINE)
            .read_line(&mut line)
            .await?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(garbage("a line without end")),
        }
    }

    async fn bulk(&mut self, length: i64) -> io::Result<Reply> {
        if length < 0 {
            return Ok(Reply::Bulk(None));
        }
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= MAX_BULK)
            .ok_or_else(|| garbage("a string that is too long"))?;
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).await?;
        if !bytes.ends_with(b"\r\n") {
            return Err(garbage("a string without end"));
        }
        bytes.truncate(length);
        Ok(Reply::Bulk(Some(bytes)))
    }
}

fn encode(command: &[&[u8]], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("*{}\r\n", command.len()).as_bytes());
    for part in command {
        bytes.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\r\n");
    }
}

fn number(text: &str) -> io::Result<i64> {
    text.parse().map_err(|_| garbage("a number that is none"))
}

fn garbage(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the server sent {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(answer: &[u8]) -> io::Result<Vec<Reply>> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 14];
            stream.read_exact(&mut question).await.unwrap();
            assert_eq!(&question, b"*1\r\n$4\r\nPING\r\n");
            stream.write_all(answer).await.unwrap();
        };
        let ask = async {
            let mut connection = Connection::open(&address).await.unwrap();
            connection.call(&[vec![b"PING"]]).await
        };
        tokio::join!(ask, serve).0
    }

    #[tokio::test]
    async fn every_kind_of_answer_is_read() {
        let bulk = |bytes: &[u8]| Reply::Bulk(Some(bytes.to_vec()));
        for (bytes, reply) in [
            (&b"+OK\r\n"[..], Reply::Simple("OK".to_owned())),
            (b"-ERR no\r\n", Reply::Error("ERR no".to_owned())),
            (b":-2\r\n", Reply::Integer(-2)),
            (b"$-1\r\n", Reply::Bulk(None)),
            (b"$4\r\na\r\nb\r\n", bulk(b"a\r\nb")),
            (b"$0\r\n\r\n", bulk(b"")),
        ] {
            assert_eq!(check(bytes).await.unwrap(), [reply]);
        }
    }

    #[tokio::test]
    async fn garbage_is_an_error() {
        for bytes in [
            &b""[..],
            b"\r\n",
            b"HTTP/1.1 400 Bad Request\r\n",
            b":x\r\n",
            b"$99999999999\r\n",
            b"$3\r\nabcdef\r\n",
            b"+OK",
        ] {
            assert!(check(bytes).await.is_err(), "{bytes:?}");
        }
    }
}
