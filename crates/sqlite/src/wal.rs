//! A database from its write-ahead log alone, for when the file beside it is gone or empty.
//!
//! The log holds whole pages. As long as it was never emptied, it holds all of them; after that, those
//! that changed since, and what can be read of these is better than nothing.
//! <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

const HEADER: usize = 32;
const FRAME: usize = 24;

fn word(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, u32::from_be_bytes)
}

/// Writes the pages of a log's whole transactions into a new file; gives how many pages there were.
///
/// # Errors
/// What the system says.
pub(crate) fn rebuild(log: &Path, into: &Path) -> io::Result<u64> {
    let mut log = BufReader::new(File::open(log)?);
    let mut header = [0; HEADER];
    if log.read_exact(&mut header).is_err() {
        return Ok(0);
    }
    let page_size = match word(&header, 8) {
        1 => 65_536,
        size => size,
    };
    let salt = &header[16..24];
    if word(&header, 0) & !1 != 0x377f_0682 || !page_size.is_power_of_two() || page_size < 512 {
        return Ok(0);
    }
    let mut out = File::create_new(into)?;
    let (mut frame, mut page) = ([0; FRAME], vec![0; page_size as usize]);
    // Pages since the last commit: without theirs they never happened.
    let mut open: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut written = 0;
    while log.read_exact(&mut frame).is_ok() && log.read_exact(&mut page).is_ok() {
        if &frame[8..16] != salt {
            // What follows is left over from before the log began anew.
            break;
        }
        let (number, pages) = (word(&frame, 0), word(&frame, 4));
        open.push((number, page.clone()));
        if pages == 0 {
            continue;
        }
        for (number, page) in open.drain(..) {
            let place = u64::from(number.saturating_sub(1)) * u64::from(page_size);
            out.seek(SeekFrom::Start(place))?;
            out.write_all(&page)?;
            written += 1;
        }
        out.set_len(u64::from(pages) * u64::from(page_size))?;
    }
    out.sync_all()?;
    Ok(written)
}
