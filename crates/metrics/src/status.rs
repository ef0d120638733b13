//! HTTP statuses as small numbers.

/// Statuses with a cell of their own: all that are registered, and 499 of the proxies. Others go the
/// longer way through a look-up by strings.
pub(crate) const STATUSES: [u16; 64] = [
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304,
    305, 306, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414,
    415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503,
    504, 505, 506, 507, 508, 510, 511,
];

const RARE: u8 = u8::MAX;

static SLOTS: [u8; 512] = slots();

const fn slots() -> [u8; 512] {
    let mut slots = [RARE; 512];
    let mut i = 0;
    while i < STATUSES.len() {
        slots[STATUSES[i] as usize] = i as u8;
        i += 1;
    }
    slots
}

/// The place of the status in [`STATUSES`].
#[inline]
pub(crate) fn slot(status: u16) -> Option<usize> {
    match SLOTS.get(usize::from(status)) {
        Some(&slot) if slot != RARE => Some(usize::from(slot)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_finds_its_place() {
        for status in 0..=u16::MAX {
            let place = STATUSES.iter().position(|s| *s == status);
            assert_eq!(slot(status), place, "{status}");
        }
    }
}
