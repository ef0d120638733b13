//! Where one frame ends and the next begins, in what a client sends over a WebSocket (RFC 6455, 5.2).

/// A client's frame that says goodbye: closing, masked with zeros, code 1001, going away. Given to the handler
/// as if the client had sent it, it makes any implementation send the client its own and end.
pub(super) const GOING_AWAY: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9];

/// Follows the frames without keeping them.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The head as far as it has come: 2 bytes, up to 8 of length, 4 of mask.
    head: [u8; 14],
    have: usize,
    /// Bytes of the payload still to come.
    payload: u64,
}

impl Frames {
    /// Whether a frame could begin here.
    pub(super) fn is_between(&self) -> bool {
        self.have == 0 && self.payload == 0
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.payload > 0 {
                let skip = bytes
                    .len()
                    .min(usize::try_from(self.payload).unwrap_or(usize::MAX));
                self.payload -= skip as u64;
                bytes = &bytes[skip..];
                continue;
            }
            self.head[self.have] = first;
            self.have += 1;
            bytes = rest;
            if self.have >= 2 && self.have == self.length_of_head() {
                self.payload = self.length_of_payload();
                self.have = 0;
            }
        }
    }

    fn length_of_head(&self) -> usize {
        let mask = if self.head[1] & 0x80 != 0 { 4 } else { 0 };
        let length = match self.head[1] & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + length + mask
    }

    fn length_of_payload(&self) -> u64 {
        let bytes = match self.head[1] & 0x7F {
            126 => &self.head[2..4],
            127 => &self.head[2..10],
            short => return u64::from(short),
        };
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: usize, masked: bool) -> Vec<u8> {
        let mut frame = vec![0x82];
        let mask = if masked { 0x80 } else { 0 };
        match payload {
            0..=125 => frame.push(mask | payload as u8),
            126..=0xFFFF => {
                frame.push(mask | 126);
                frame.extend_from_slice(&(payload as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | 127);
                frame.extend_from_slice(&(payload as u64).to_be_bytes());
            }
        }
        if masked {
            frame.extend_from_slice(&[1, 2, 3, 4]);
        }
        frame.resize(frame.len() + payload, 0x88);
        frame
    }

    #[test]
    fn the_end_of_each_frame_is_found_however_it_is_cut() {
        let payloads = [0, 1, 125, 126, 300, 65_535, 65_536, 100_000];
        for masked in [true, false] {
            for payload in payloads {
                let frame = frame(payload, masked);
                for step in [1, 3, 7, 1_000, frame.len()] {
                    let mut frames = Frames::default();
                    let mut pieces = frame.chunks(step).peekable();
                    while let Some(piece) = pieces.next() {
                        assert_eq!(frames.is_between(), piece.as_ptr() == frame.as_ptr());
                        frames.push(piece);
                        assert_eq!(
                            frames.is_between(),
                            pieces.peek().is_none(),
                            "{payload}/{step}"
                        );
                    }
                }
            }
        }
        let mut frames = Frames::default();
        frames.push(&GOING_AWAY);
        assert!(frames.is_between());
    }
}
