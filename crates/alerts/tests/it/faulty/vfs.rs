//! A disk under SQLite that fails, writes short, and forgets at a crash what was not synchronised.
//!
//! It is SQLite's own file system with four of its calls in between. What is written between two synchronisations
//! of a file is remembered; at a crash each such write stands, stands in part or is undone, by chance.
#![expect(unsafe_code, reason = "SQLite's file systems are made of C")]

use std::{
    collections::HashMap,
    ffi::{CStr, c_char, c_int, c_void},
    fs::OpenOptions,
    os::unix::{ffi::OsStrExt as _, fs::FileExt as _},
    path::{Path, PathBuf},
    ptr,
    sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::Duration,
};

use rusqlite::ffi;

/// Bytes that a disk writes whole.
const SECTOR: usize = 512;

static DISK: LazyLock<Mutex<Disk>> = LazyLock::new(Mutex::default);

/// What is under the store.
#[derive(Debug, Default)]
struct Disk {
    /// Files elsewhere are none of its business.
    folder: Option<PathBuf>,
    /// The open files, by SQLite's handle: name, and SQLite's own calls.
    open: HashMap<usize, (PathBuf, usize)>,
    changes: Vec<(PathBuf, Vec<Change>, u64)>,
    chance: u64,
    /// Calls until the crash.
    left: u64,
    /// One call in so many fails before it.
    fails: u64,
    dead: bool,
}

#[derive(Debug)]
enum Change {
    Write { at: u64, old: Vec<u8>, new: Vec<u8> },
    Cut { to: u64, old: Vec<u8> },
}

/// A disk that crashes after `calls` calls, and of which one call in `fails` fails before. One at a time.
pub(super) fn insert(folder: &Path, seed: u64, calls: u64, fails: u64) {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(register);
    let mut disk = disk();
    disk.folder = Some(folder.to_owned());
    disk.changes.clear();
    (disk.chance, disk.left, disk.fails, disk.dead) = (seed, calls, fails, false);
}

/// Whether the crash has been.
pub(super) fn is_dead() -> bool {
    disk().dead
}

/// The power goes, wherever the disk is; when all files are closed, what was not synchronised is forgotten by
/// chance, and the disk is an ordinary one.
pub(super) fn crash() {
    disk().dead = true;
    while !disk().open.is_empty() {
        thread::sleep(Duration::from_millis(1));
    }
    let mut disk = disk();
    for (path, changes, length) in std::mem::take(&mut disk.changes) {
        // It may have been removed or put aside since.
        if let Ok(file) = OpenOptions::new().write(true).open(&path) {
            forget(&file, &changes, length, &mut disk).unwrap();
        }
    }
    disk.folder = None;
}

fn forget(
    file: &std::fs::File,
    changes: &[Change],
    length: u64,
    disk: &mut Disk,
) -> std::io::Result<()> {
    for change in changes.iter().rev() {
        match change {
            Change::Write { at, old, .. } => file.write_all_at(old, *at)?,
            Change::Cut { to, old } => file.write_all_at(old, *to)?,
        }
    }
    file.set_len(length)?;
    for change in changes {
        if disk.below(2) == 0 {
            continue;
        }
        match change {
            Change::Write { at, new, .. } => {
                let torn = disk.below(4) == 0;
                let whole = new.len() / SECTOR + 1;
                let kept = if torn {
                    disk.below(whole as u64) as usize * SECTOR
                } else {
                    new.len()
                };
                file.write_all_at(&new[..kept], *at)?;
            }
            Change::Cut { to, .. } => file.set_len(*to)?,
        }
    }
    Ok(())
}

fn disk() -> MutexGuard<'static, Disk> {
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    fn below(&mut self, end: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mix = |word: u64| (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mix(mix(self.chance)) >> 16) % end.max(1)
    }

    /// Whether this call does what it should.
    fn works(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.dead |= self.left == 0;
        !self.dead && (self.fails == 0 || self.below(self.fails) > 0)
    }

    fn remember(&mut self, path: &Path, length: u64, change: Change) {
        match self.changes.iter_mut().find(|(of, ..)| of == path) {
            Some((_, changes, _)) => changes.push(change),
            None => self.changes.push((path.to_owned(), vec![change], length)),
        }
    }
}

/// A file's name and SQLite's own calls for it.
fn known(disk: &Disk, file: *mut ffi::sqlite3_file) -> (PathBuf, &'static ffi::sqlite3_io_methods) {
    let (path, calls) = disk.open[&(file as usize)].clone();
    // SAFETY: SQLite's tables of calls are never freed.
    (path, unsafe { &*(calls as *const ffi::sqlite3_io_methods) })
}

/// SQLite's file system of this machine.
fn real() -> &'static ffi::sqlite3_vfs {
    // SAFETY: it is registered by SQLite itself and never freed.
    unsafe { &*ffi::sqlite3_vfs_find(c"unix".as_ptr()) }
}

fn register() {
    // SAFETY: initialising is allowed at any time, and the file system lives as long as the process.
    unsafe {
        assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
        let mut ours = *real();
        ours.zName = c"faulty".as_ptr();
        ours.pNext = ptr::null_mut();
        ours.xOpen = Some(open);
        let registered = ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1);
        assert_eq!(registered, ffi::SQLITE_OK);
    }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let Some(call) = real().xOpen else {
        return ffi::SQLITE_CANTOPEN;
    };
    let mut disk = disk();
    let path = (!name.is_null()).then(|| {
        // SAFETY: SQLite's names end with a zero.
        let name = unsafe { CStr::from_ptr(name) };
        PathBuf::from(std::ffi::OsStr::from_bytes(name.to_bytes()))
    });
    let ours = path.filter(|path| {
        disk.folder
            .as_ref()
            .is_some_and(|in_it| path.starts_with(in_it))
    });
    if ours.is_some() && !disk.works() {
        // SAFETY: the handle is SQLite's; without calls it is not closed.
        unsafe { (*file).pMethods = ptr::null() };
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: it is handed on as it came.
    let opened = unsafe { call(vfs, name, file, flags, out) };
    if let (ffi::SQLITE_OK, Some(path)) = (opened, ours) {
        // SAFETY: the handle was just opened, and has SQLite's calls.
        unsafe {
            let theirs = (*file).pMethods;
            let mut calls = *theirs;
            calls.xRead = Some(read);
            calls.xWrite = Some(write);
            calls.xTruncate = Some(truncate);
            calls.xSync = Some(sync);
            calls.xClose = Some(close);
            (*file).pMethods = Box::leak(Box::new(calls));
            disk.open.insert(file as usize, (path, theirs as usize));
        }
    }
    opened
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let mut disk = disk();
    let (_, calls) = known(&disk, file);
    disk.open.remove(&(file as usize));
    // SAFETY: the table that was put in its place is no longer in use after this.
    unsafe {
        let ours = (*file).pMethods;
        (*file).pMethods = calls;
        drop(Box::from_raw(ours.cast_mut()));
        calls.xClose.map_or(ffi::SQLITE_OK, |call| call(file))
    }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    amount: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    let mut disk = disk();
    let (_, calls) = known(&disk, file);
    match calls.xRead {
        // SAFETY: it is handed on as it came.
        Some(call) if disk.works() => unsafe { call(file, into, amount, at) },
        _ => ffi::SQLITE_IOERR_READ,
    }
}

/// The bytes of a file from there on, up to so many.
fn present(path: &Path, at: u64, amount: usize) -> (Vec<u8>, u64) {
    let file = std::fs::File::open(path).unwrap();
    let length = file.metadata().unwrap().len();
    let there = length.saturating_sub(at).min(amount as u64);
    let mut old = vec![0; there as usize];
    file.read_exact_at(&mut old, at).unwrap();
    (old, length)
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    let mut disk = disk();
    let (path, calls) = known(&disk, file);
    let whole = disk.works();
    // What fails may have been written in part.
    let amount = if whole {
        amount
    } else {
        disk.below(amount as u64 + 1) as c_int
    };
    if amount > 0 && path.exists() {
        let (old, length) = present(&path, at as u64, amount as usize);
        // SAFETY: SQLite hands over at least so many bytes.
        let new = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), amount as usize) };
        let change = Change::Write {
            at: at as u64,
            old,
            new: new.to_vec(),
        };
        disk.remember(&path, length, change);
        // SAFETY: it is handed on as it came, perhaps shorter.
        let written = calls
            .xWrite
            .map(|call| unsafe { call(file, from, amount, at) });
        if whole {
            return written.unwrap_or(ffi::SQLITE_IOERR_WRITE);
        }
    }
    match disk.below(2) {
        0 => ffi::SQLITE_FULL,
        _ => ffi::SQLITE_IOERR_WRITE,
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, to: ffi::sqlite3_int64) -> c_int {
    let mut disk = disk();
    let (path, calls) = known(&disk, file);
    let Some(call) = calls.xTruncate.filter(|_| disk.works()) else {
        return ffi::SQLITE_IOERR_TRUNCATE;
    };
    if path.exists() {
        let (old, length) = present(&path, to as u64, usize::MAX);
        let cut = Change::Cut { to: to as u64, old };
        disk.remember(&path, length, cut);
    }
    // SAFETY: it is handed on as it came.
    unsafe { call(file, to) }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    let mut disk = disk();
    let (path, _) = known(&disk, file);
    if !disk.works() {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    // That it is on the disk is remembered here; a real one would only take time.
    disk.changes.retain(|(of, ..)| *of != path);
    ffi::SQLITE_OK
}
