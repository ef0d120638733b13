//! The file under the store: opened, watched, put aside and salvaged when it is damaged, come back to
//! when it could not be opened. Whatever happens to it, the service starts and runs.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bongsu_sqlite::{Error, Fault, Identity};
use jiff::Timestamp;
use rusqlite::Connection;

use super::worker::Jobs;
use super::write::{self, End};
use super::{Counts, SqliteOptions, WriteJob, read, schema};
use crate::store::{Recovered, StoreError, StoreTrouble};

/// How often the file is looked at while nothing is written.
pub(super) const GLANCE: Duration = Duration::from_secs(1);
/// How often a lock is tried.
const LOCK_STEP: Duration = Duration::from_millis(20);

/// What is wrong at this moment.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    path: Arc<PathBuf>,
    /// Why nothing can be written.
    cannot_write: Arc<Mutex<Option<String>>>,
}

impl Trouble {
    fn new(path: &Path) -> Self {
        Self {
            path: Arc::new(path.to_owned()),
            cannot_write: Arc::default(),
        }
    }

    pub(super) fn set(&self, error: &StoreError) {
        let mut why = self.why();
        if why.is_none() {
            tracing::error!(
                target: "bongsu_alerts",
                file = %self.path.display(),
                "alerts are not kept: {error}"
            );
        }
        *why = Some(error.to_string());
    }

    pub(super) fn clear(&self) {
        if self.why().take().is_some() {
            let file = self.path.display();
            tracing::info!(target: "bongsu_alerts", %file, "alerts are kept again");
        }
    }

    fn why(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.cannot_write
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What an operator should know, until it is so no more: a file that was put aside is told of
    /// until somebody has moved it away.
    pub(super) fn now(&self) -> Option<StoreTrouble> {
        if let Some(why) = &*self.why() {
            return Some(StoreTrouble {
                durable: false,
                message: why.clone(),
            });
        }
        let aside = bongsu_sqlite::asides(&self.path).into_iter().next()?;
        Some(StoreTrouble {
            durable: true,
            message: format!(
                "the alert store was damaged and put aside as {}; alerts may be missing; look at it, \
                 then move it away",
                aside.display()
            ),
        })
    }
}

/// The file, and the right to it.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    options: SqliteOptions,
    trouble: Trouble,
    lock: Option<(File, Option<Identity>)>,
    identity: Option<Identity>,
}

impl Disk {
    /// Takes the right to the file and opens it, mends it, or leaves it for later.
    ///
    /// # Errors
    /// When another process has it: two at once would page twice.
    pub(super) fn start(
        path: &Path,
        options: SqliteOptions,
    ) -> Result<(Self, Option<Connection>, Recovered), StoreError> {
        let mut disk = Self {
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            trouble: Trouble::new(path),
            options,
            lock: None,
            identity: None,
        };
        match disk.open() {
            Ok((connection, recovered)) => Ok((disk, Some(connection), recovered)),
            Err(error @ StoreError::Locked { .. }) => Err(error),
            Err(error) => {
                disk.trouble.set(&error);
                // What can be read is delivered, though nothing can be written.
                let old = bongsu_sqlite::open_read_only(&disk.path).ok();
                let recovered = old.and_then(|old| read::recover(&old).ok());
                Ok((disk, None, recovered.unwrap_or_default()))
            }
        }
    }

    pub(super) const fn options(&self) -> &SqliteOptions {
        &self.options
    }

    pub(super) const fn trouble(&self) -> &Trouble {
        &self.trouble
    }

    /// Whether the file that is open is still the one under its name. SQLite in WAL mode does not
    /// notice: it goes on writing into a file that was removed.
    pub(super) fn is_in_place(&self) -> bool {
        Identity::of(&self.path) == self.identity
    }

    fn open(&mut self) -> Result<(Connection, Recovered), StoreError> {
        let result = self.open_or_why().and_then(|connection| {
            let recovered = read::recover(&connection)?;
            Ok((connection, recovered))
        });
        match result {
            Err(error @ (StoreError::Damaged { .. } | StoreError::TooNew { .. })) => {
                let connection = self.replace(&error)?;
                let recovered = read::recover(&connection)?;
                Ok((connection, recovered))
            }
            other => other,
        }
    }

    fn open_or_why(&mut self) -> Result<Connection, StoreError> {
        self.hold_lock()?;
        bongsu_sqlite::look(&self.path)?;
        self.connect().map_err(StoreError::from)
    }

    fn connect(&mut self) -> Result<Connection, Error> {
        let connection = bongsu_sqlite::open(&self.path, &self.options.file())?;
        schema::migrate(&connection, &self.path)?;
        self.identity = Identity::of(&self.path);
        Ok(connection)
    }

    /// Puts the file aside, begins a new one, and takes over every row that can still be read.
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    fn replace(&mut self, why: &StoreError) -> Result<Connection, StoreError> {
        let fault = match *why {
            StoreError::TooNew { found, known } => Fault::TooNew { found, known },
            _ => Fault::Damaged,
        };
        let path = self.path.clone();
        // The moment is part of a name, no more.
        let (reason, now) = (why.to_string(), Timestamp::now());
        let (connection, replaced) =
            bongsu_sqlite::replace(&path, fault, &reason, now, || self.connect())?;
        tracing::error!(
            target: "bongsu_alerts",
            file = %path.display(),
            salvaged = replaced.rows,
            "the alert store: {replaced}"
        );
        Ok(connection)
    }

    /// The file was removed or replaced: the connection still has all that it held.
    fn follow(&mut self, old: &Connection) -> Result<Connection, StoreError> {
        let connection = self.open()?.0;
        let taken = bongsu_sqlite::copy_rows(old, &connection)
            .map_err(|error| Error::sqlite(&self.path, &error))?;
        tracing::error!(
            target: "bongsu_alerts",
            file = %self.path.display(),
            rows = taken,
            "the alert store's file was removed or replaced while it was open; it was made anew with \
             all that was in it"
        );
        Ok(connection)
    }

    /// One process at a time: a lock on `<file>.lock`, which the kernel gives back however it ends.
    fn hold_lock(&mut self) -> Result<(), StoreError> {
        let name = sibling(&self.path, ".lock");
        if let Some((_, identity)) = &self.lock
            && identity.is_some()
            && Identity::of(&name) == *identity
        {
            return Ok(());
        }
        // The old lock's file is gone, and its folder may be.
        self.lock = None;
        bongsu_sqlite::make_folder(&self.path).map_err(|error| Error::io(&name, &error))?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&name)
            .map_err(|error| Error::io(&name, &error))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(std::fs::TryLockError::WouldBlock) if waited < self.options.lock_patience => {
                    std::thread::sleep(LOCK_STEP);
                    waited += LOCK_STEP;
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked {
                        path: self.path.display().to_string(),
                    });
                }
                Err(std::fs::TryLockError::Error(error)) => {
                    return Err(Error::io(&name, &error).into());
                }
            }
        }
        self.lock = Some((file, Identity::of(&name)));
        Ok(())
    }
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The writer's thread.
pub(super) fn run(
    mut disk: Disk,
    mut connection: Option<Connection>,
    counts: &Counts,
    jobs: &Jobs<WriteJob>,
) {
    let mut held: Option<Vec<WriteJob>> = None;
    // A batch that has met two broken files is told so, instead of a third try.
    let mut mended = false;
    loop {
        let Some(batch) = held.take().or_else(|| jobs.take(GLANCE)) else {
            return;
        };
        let opened = match connection.take() {
            Some(connection) => Ok(connection),
            None => disk.open().map(|(connection, _)| connection),
        };
        let open = match opened {
            Ok(open) => open,
            Err(error) => {
                disk.trouble.set(&error);
                write::refuse(batch, &error);
                continue;
            }
        };
        let (batch, next) = match write::serve(&open, &disk, counts, batch, jobs) {
            End::Closed => return,
            End::Failed => continue,
            End::Moved(batch) => (batch, disk.follow(&open)),
            End::Damaged(batch, error) if mended => (batch, Err(error)),
            End::Damaged(batch, error) => {
                mended = true;
                drop(open);
                (batch, disk.replace(&error))
            }
        };
        match next {
            Ok(next) => {
                connection = Some(next);
                held = Some(batch);
            }
            Err(error) => {
                mended = false;
                disk.trouble.set(&error);
                write::refuse(batch, &error);
            }
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        match error.fault {
            Fault::Damaged => Self::Damaged { reason },
            Fault::TooNew { found, known } => Self::TooNew { found, known },
            Fault::Full => Self::Full { reason },
            _ => Self::Io { reason },
        }
    }
}
