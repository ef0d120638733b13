//! What SQLite does not say of a write-ahead log: where it breaks off though more follows, and what its pages
//! make with the file beside it.
//!
//! SQLite ends reading at the first frame whose checksum is wrong, for so a log ends whose last write was
//! cut off; a flipped bit looks the same to it, and hides all that was committed afterwards.
//! <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

const HEADER: usize = 32;
const FRAME: usize = 24;
/// Both words of SQLite's running checksum.
type Sum = (u32, u32);

/// The big-endian word at this place.
fn word(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, u32::from_be_bytes)
}

/// What the log says of itself.
#[derive(Debug, Clone, Copy)]
struct Head {
    page_size: u32,
    salt: [u8; 8],
    /// Whether checksums add up big-endian words.
    big: bool,
    sum: Sum,
}

impl Head {
    /// None when its own checksum, or anything in it, is wrong.
    fn of(bytes: &[u8; HEADER]) -> Option<Self> {
        let magic = word(bytes, 0);
        let page_size = size(word(bytes, 8))?;
        let mut salt = [0; 8];
        salt.copy_from_slice(&bytes[16..24]);
        let big = magic & 1 == 1;
        let sum = add((0, 0), big, &bytes[..24]);
        let right = magic & !1 == 0x377f_0682 && sum == (word(bytes, 24), word(bytes, 28));
        right.then_some(Self {
            page_size,
            salt,
            big,
            sum,
        })
    }
}

/// A page's size as it is written; none when there is no such size.
fn size(written: u32) -> Option<u32> {
    let size = if written == 1 { 65_536 } else { written };
    (size.is_power_of_two() && (512..=65_536).contains(&size)).then_some(size)
}

fn add(sum: Sum, big: bool, bytes: &[u8]) -> Sum {
    let (pairs, _) = bytes.as_chunks::<8>();
    pairs.iter().fold(sum, |(one, two), pair| {
        let (a, b) = (word(pair, 0), word(pair, 4));
        let (a, b) = if big {
            (a, b)
        } else {
            (a.swap_bytes(), b.swap_bytes())
        };
        let one = one.wrapping_add(a).wrapping_add(two);
        (one, two.wrapping_add(b).wrapping_add(one))
    })
}

/// Why SQLite would not see all that the log holds; none when it would.
///
/// # Errors
/// What the system says.
pub(crate) fn break_of(log: &Path) -> io::Result<Option<String>> {
    let mut log = match File::open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => BufReader::new(opened?),
    };
    let mut header = [0; HEADER];
    if log.read_exact(&mut header).is_err() || header == [0; HEADER] {
        // So short, or not yet written: nothing was ever acknowledged out of it.
        return Ok(None);
    }
    let Some(head) = Head::of(&header) else {
        return Ok(Some("the head of its log is damaged".to_owned()));
    };
    let (mut frame, mut page) = ([0; FRAME], vec![0; head.page_size as usize]);
    let (mut sum, mut number, mut broken) = (head.sum, 0_u64, None);
    while log.read_exact(&mut frame).is_ok() && log.read_exact(&mut page).is_ok() {
        number += 1;
        let ours = frame[8..16] == head.salt;
        sum = add(add(sum, head.big, &frame[..8]), head.big, &page);
        match broken {
            None if ours && sum == (word(&frame, 16), word(&frame, 20)) => {}
            None => broken = Some(number),
            // A commit that was begun after the break: what lies at the break was whole once.
            Some(at) if ours && word(&frame, 4) > 0 => {
                return Ok(Some(format!(
                    "its log breaks off at page {at}, though more follows"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

/// Writes the file and, over it, the pages of its log's whole transactions into a new one, whatever their
/// checksums are; gives how many pages the log had.
///
/// # Errors
/// What the system says.
pub(crate) fn rebuild(file: &Path, log: &Path, into: &Path) -> io::Result<u64> {
    let mut log = BufReader::new(File::open(log)?);
    let mut header = [0; HEADER];
    if log.read_exact(&mut header).is_err() {
        return Ok(0);
    }
    let mut out = File::create_new(into)?;
    let mut first = [0; 100];
    let length = match File::open(file) {
        Ok(mut file) => {
            let copied = io::copy(&mut file, &mut out)?;
            file.seek(SeekFrom::Start(0))?;
            let _short = file.read(&mut first)?;
            copied
        }
        Err(_) => 0,
    };
    let head = Head::of(&header);
    let of_file = size(u32::from(u16::from_be_bytes([first[16], first[17]])));
    let of_log = size(word(&header, 8));
    let page_size = head.map(|head| head.page_size).or(of_file).or(of_log);
    let page_size = page_size.unwrap_or(4096);
    // No page lies further out than all there are, however its number was damaged.
    let most = (length + log.get_ref().metadata()?.len()) / u64::from(page_size) + 1;
    let mut salt = head.map(|head| head.salt);
    let (mut frame, mut page) = ([0; FRAME], vec![0; page_size as usize]);
    // Pages since the last commit: without theirs they never happened.
    let mut open: Vec<(u64, Vec<u8>)> = Vec::new();
    let mut written = 0;
    while log.read_exact(&mut frame).is_ok() && log.read_exact(&mut page).is_ok() {
        let salted = &frame[8..16];
        if salt.get_or_insert_with(|| frame[8..16].try_into().unwrap_or_default()) != salted {
            // Left over from before the log began anew, or damaged.
            continue;
        }
        let (number, pages) = (word(&frame, 0).into(), u64::from(word(&frame, 4)));
        if number == 0 || number > most || pages > most {
            continue;
        }
        open.push((number, page.clone()));
        if pages == 0 {
            continue;
        }
        for (number, page) in open.drain(..) {
            out.seek(SeekFrom::Start((number - 1) * u64::from(page_size)))?;
            out.write_all(&page)?;
            written += 1;
        }
        out.set_len(pages * u64::from(page_size))?;
    }
    out.sync_all()?;
    Ok(written)
}
