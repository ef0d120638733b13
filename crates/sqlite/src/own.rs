//! A file of one's own that stays usable, whatever becomes of it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use crate::aside::{copy_rows, with};
use crate::error::{Error, Fault};
use crate::file::{Identity, Options, open};
use crate::look::look;
use crate::replace::{Replaced, replace};
use crate::schema::Schema;

/// A file of one's own, opened when it is first needed and held by one writer.
///
/// One that is damaged or of a newer version is put aside, one that was removed or replaced while it was
/// open is made anew; what can be read is taken over either way. Other processes may have it open as well:
/// one of them mends it.
#[derive(Debug)]
pub struct OwnFile {
    path: PathBuf,
    options: Options,
    schema: Schema,
    open: Option<(Connection, Option<Identity>)>,
    /// What the last use met, and in which file.
    damage: Option<(Error, Option<Identity>)>,
    /// Once is trouble with the file; twice is trouble with the program, which a new file does not mend.
    mended: bool,
}

impl OwnFile {
    /// Nothing is opened yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, options: Options, schema: Schema) -> Self {
        Self {
            path: path.into(),
            options,
            schema,
            open: None,
            damage: None,
            mended: false,
        }
    }

    /// The file's name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, to a file that is there and as it should be, and what had to be done for it, which
    /// somebody should be told.
    ///
    /// # Errors
    /// When it cannot be opened, and a new one not be made; the next call tries again.
    pub fn ready(&mut self, now: Timestamp) -> Result<(&mut Connection, Option<Replaced>), Error> {
        let (connection, told) = match (self.open.take(), self.damage.take()) {
            (_, Some((why, identity))) => self.mend(&why, identity, now)?,
            (Some((connection, identity)), None) if Identity::of(&self.path) == identity => {
                (connection, None)
            }
            (Some((old, _)), None) => {
                let (new, told) = self.connect_or_mend(now)?;
                let rows = copy_rows(&old, &new);
                let rows = rows.map_err(|error| Error::sqlite(&self.path, &error))?;
                let moved = || Replaced {
                    path: self.path.clone(),
                    aside: None,
                    rows,
                    why: "was removed or replaced while it was open".to_owned(),
                };
                (new, told.or_else(|| Some(moved())))
            }
            (None, None) => self.connect_or_mend(now)?,
        };
        let identity = Identity::of(&self.path);
        let (connection, _) = self.open.insert((connection, identity));
        Ok((connection, told))
    }

    /// What a statement on the connection met, by file and with a remedy. When it was damage, the next
    /// [`ready`](Self::ready) mends it.
    pub fn failed(&mut self, error: &rusqlite::Error) -> Error {
        let error = Error::sqlite(&self.path, error);
        if error.fault == Fault::Damaged && !self.mended {
            self.mended = true;
            let identity = self.open.take().and_then(|(_, identity)| identity);
            self.damage = Some((error.clone(), identity));
        }
        error
    }

    fn connect_or_mend(&self, now: Timestamp) -> Result<(Connection, Option<Replaced>), Error> {
        let identity = Identity::of(&self.path);
        match self.connect() {
            Ok(connection) => Ok((connection, None)),
            Err(why) if matches!(why.fault, Fault::Damaged | Fault::TooNew { .. }) => {
                self.mend(&why, identity, now)
            }
            Err(error) => Err(error),
        }
    }

    fn connect(&self) -> Result<Connection, Error> {
        let damaged = |reason| Error {
            path: self.path.clone(),
            fault: Fault::Damaged,
            reason,
        };
        look(&self.path)?;
        let connection = open(&self.path, &self.options)?;
        self.schema.migrate(&connection, &self.path)?;
        let wrong = |error: rusqlite::Error| Error::sqlite(&self.path, &error);
        let check = "PRAGMA quick_check(1)";
        let said: String = connection
            .query_row(check, [], |row| row.get(0))
            .map_err(wrong)?;
        if said != "ok" {
            return Err(damaged(said));
        }
        match self.schema.missing(&connection).map_err(wrong)? {
            Some(column) => Err(damaged(format!("{column} is missing"))),
            None => Ok(connection),
        }
    }

    /// Puts the file aside, unless another process has done so since it was this one.
    fn mend(
        &self,
        why: &Error,
        identity: Option<Identity>,
        now: Timestamp,
    ) -> Result<(Connection, Option<Replaced>), Error> {
        let _one_at_a_time = self.lock().map_err(|error| Error::io(&self.path, &error))?;
        if Identity::of(&self.path) != identity
            && let Ok(connection) = self.connect()
        {
            return Ok((connection, None));
        }
        let (connection, replaced) =
            replace(&self.path, why.fault, &why.reason, now, || self.connect())?;
        Ok((connection, Some(replaced)))
    }

    /// A lock that the kernel gives back, however the process ends.
    fn lock(&self) -> std::io::Result<File> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(with(&self.path, ".lock"))?;
        file.lock()?;
        Ok(file)
    }
}
