//! Sockets that are no address and port: a file, and what the process was started with.

use std::{
    fs, io,
    os::{
        fd::{BorrowedFd, OwnedFd, RawFd},
        unix::{fs::MetadataExt, net::UnixStream},
    },
    path::{Path, PathBuf},
};

use tokio::net::{TcpListener, UnixListener};

use super::Listener;

/// A socket's file, taken away with its listener, if it is still that one.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Listener {
    /// Listens on a Unix socket of this name. A file that a process left behind that ended without an orderly
    /// end is replaced; the file goes when it is no longer listened on. Who may connect is whoever may write to
    /// it, which the process's umask and its folder decide.
    ///
    /// # Errors
    ///
    /// When somebody listens there ([`io::ErrorKind::AddrInUse`]), something else than a socket has the name, or
    /// the system refuses it.
    pub fn unix(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        if is_left_behind(&path)? {
            fs::remove_file(&path)?;
        }
        let listener = UnixListener::bind(&path)?;
        let inode = fs::metadata(&path)?.ino();
        let mut listener = Self::from(listener);
        listener.file = Some(SocketFile { path, inode });
        Ok(listener)
    }

    /// Listens on a socket, TCP or Unix, that this process was started with, by the number of its descriptor:
    /// systemd's are `LISTEN_FDS` from 3 on. The descriptor stays open besides, so that whoever connects while
    /// the service is started anew waits instead of being refused.
    ///
    /// # Errors
    ///
    /// When nothing is open under the number, or no socket that listens.
    pub fn inherited(descriptor: RawFd) -> io::Result<Self> {
        let named = |reason: &str| {
            let reason = format!("file descriptor {descriptor} {reason}");
            io::Error::new(io::ErrorKind::InvalidInput, reason)
        };
        let copy = || copy(descriptor).map_err(|error| named(&format!("is not open: {error}")));
        let tcp = std::net::TcpListener::from(copy()?);
        if tcp.local_addr().is_ok() {
            tcp.set_nonblocking(true)?;
            return TcpListener::from_std(tcp).map(Self::from);
        }
        let unix = std::os::unix::net::UnixListener::from(copy()?);
        if unix.local_addr().is_ok() {
            unix.set_nonblocking(true)?;
            return UnixListener::from_std(unix).map(Self::from);
        }
        Err(named("is no socket"))
    }
}

/// A descriptor of the process that no value owns.
fn copy(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    #[expect(unsafe_code, reason = "a number becomes a descriptor no other way")]
    // SAFETY: it is not -1, and is borrowed only for the call that copies it, which says so if it is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    borrowed.try_clone_to_owned()
}

/// Whether the name is that of a socket on which nobody listens any more.
fn is_left_behind(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::FileTypeExt;

    match fs::symlink_metadata(path) {
        Ok(file) if file.file_type().is_socket() => Ok(matches!(
            UnixStream::connect(path).map_err(|error| error.kind()),
            Err(io::ErrorKind::ConnectionRefused)
        )),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file of this name that is no socket",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|file| file.ino() == self.inode);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_was_left_behind_is_replaced_and_one_in_use_is_not() {
        let folder = std::env::temp_dir().join(format!("bongsu-place-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("service.sock");
        // The standard library leaves the file behind, as a process that was killed does.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let first = Listener::unix(&path).unwrap();
        assert_eq!(first.to_string(), format!("unix:{}", path.display()));
        let second = Listener::unix(&path).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
        drop(first);
        assert!(!path.exists(), "goes with its listener");

        fs::write(&path, "precious").unwrap();
        let third = Listener::unix(&path).unwrap_err();
        assert_eq!(third.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn what_is_not_a_listening_socket_is_refused_by_number() {
        use std::os::fd::AsRawFd;

        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let again = Listener::inherited(tcp.as_raw_fd()).unwrap();
        assert_eq!(again.to_string(), tcp.local_addr().unwrap().to_string());
        let file = fs::File::open("/dev/null").unwrap();
        let error = Listener::inherited(file.as_raw_fd()).unwrap_err();
        let words = format!("file descriptor {} is no socket", file.as_raw_fd());
        assert_eq!(error.to_string(), words);
        for closed in [-1, 999_999] {
            let error = Listener::inherited(closed).unwrap_err().to_string();
            assert!(error.contains("is not open"), "{error}");
        }
    }
}
