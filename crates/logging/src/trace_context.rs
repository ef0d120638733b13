//! W3C Trace Context: the `traceparent` header, in and out.
//!
//! <https://www.w3.org/TR/trace-context/#traceparent-header>
//!
//! ```
//! use bongsu_logging::trace_context::TraceParent;
//!
//! let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
//! let incoming: TraceParent = header.parse()?;
//! assert!(incoming.sampled());
//! let mine = incoming.child([0x11; 8]);
//! assert_eq!(mine.trace_id(), incoming.trace_id());
//! assert_eq!(mine.to_string(), "00-0af7651916cd43dd8448eb211c80319c-1111111111111111-01");
//! # Ok::<(), bongsu_logging::trace_context::TraceParentError>(())
//! ```

use std::fmt;
use std::str::FromStr;

/// A parsed `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace: [u8; 16],
    span: [u8; 8],
    flags: u8,
}

/// Why a `traceparent` was refused; the specification says to start a new trace then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceParentError {
    /// Not `version-trace-span-flags` of the right lengths.
    #[error("not of the form 00-<32 hex>-<16 hex>-<2 hex>")]
    Shape,
    /// A digit is not lower-case hexadecimal.
    #[error("not lower-case hexadecimal")]
    Digit,
    /// Version `ff` is forbidden.
    #[error("version ff is invalid")]
    Version,
    /// The trace id or the span id is all zeros.
    #[error("an id of zeros is invalid")]
    Zero,
}

impl TraceParent {
    /// A new trace of the given random ids. An id of zeros is made valid by its last bit.
    #[must_use]
    pub fn new(trace: [u8; 16], span: [u8; 8], sampled: bool) -> TraceParent {
        TraceParent {
            trace: nonzero(trace),
            span: nonzero(span),
            flags: u8::from(sampled),
        }
    }

    /// The same trace with another span as the parent; for outgoing calls.
    #[must_use]
    pub fn child(&self, span: [u8; 8]) -> TraceParent {
        TraceParent {
            span: nonzero(span),
            ..*self
        }
    }

    /// 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        hex(&self.trace)
    }

    /// 16 hex digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        hex(&self.span)
    }

    /// Whether the caller recorded the trace.
    #[must_use]
    pub fn sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}

fn nonzero<const N: usize>(mut id: [u8; N]) -> [u8; N] {
    if id.iter().all(|b| *b == 0)
        && let Some(last) = id.last_mut()
    {
        *last = 1;
    }
    id
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Result<[u8; N], TraceParentError> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Ok(b - b'0'),
        b'a'..=b'f' => Ok(b - b'a' + 10),
        _ => Err(TraceParentError::Digit),
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return Err(TraceParentError::Shape);
    }
    let mut out = [0; N];
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Ok(out)
}

impl FromStr for TraceParent {
    type Err = TraceParentError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let mut parts = s.trim_matches([' ', '\t']).split('-');
        let mut part = || parts.next().ok_or(TraceParentError::Shape);
        let [version] = unhex::<1>(part()?)?;
        let trace = unhex::<16>(part()?)?;
        let span = unhex::<8>(part()?)?;
        let [flags] = unhex::<1>(part()?)?;
        if version == 0xff {
            return Err(TraceParentError::Version);
        }
        // A later version may add parts; version 00 may not.
        if version == 0 && parts.next().is_some() {
            return Err(TraceParentError::Shape);
        }
        if trace == [0; 16] || span == [0; 8] {
            return Err(TraceParentError::Zero);
        }
        Ok(TraceParent {
            trace,
            span,
            // Of the flags only `sampled` is known to version 00.
            flags: flags & 1,
        })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{}-{}-{:02x}",
            hex(&self.trace),
            hex(&self.span),
            self.flags
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn check(given: &str, want: Result<&str, TraceParentError>) {
        let got = given.parse::<TraceParent>().map(|t| t.to_string());
        assert_eq!(got.as_deref().map_err(|e| *e), want, "{given}");
    }

    #[test]
    fn headers() {
        use TraceParentError::{Digit, Shape, Version, Zero};
        let good = format!("00-{TRACE}-b7ad6b7169203331-01");
        check(&good, Ok(&good));
        check(&format!(" {good}\t"), Ok(&good));
        check(&format!("{good}-extra"), Err(Shape));
        check(&format!("01-{TRACE}-b7ad6b7169203331-01-extra"), Ok(&good));
        check(&format!("ff-{TRACE}-b7ad6b7169203331-01"), Err(Version));
        check(&format!("00-{TRACE}-0000000000000000-01"), Err(Zero));
        check(
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            Err(Zero),
        );
        check(&good.to_uppercase(), Err(Digit));
        check(&format!("00-{TRACE}-b7ad6b71692033-01"), Err(Shape));
        check(&format!("00-{TRACE}-b7ad6b7169203331"), Err(Shape));
        check("", Err(Shape));
        check(&format!("00-{TRACE}-b7ad6b7169203331-ff"), Ok(&good));
    }

    #[test]
    fn ids_of_zeros_are_never_sent() {
        let t = TraceParent::new([0; 16], [0; 8], true).child([0; 8]);
        assert_eq!(t.to_string().parse(), Ok(t));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(trace: [u8; 16], span: [u8; 8], sampled: bool) {
            let t = TraceParent::new(trace, span, sampled);
            prop_assert_eq!(t.to_string().parse(), Ok(t));
        }

        #[test]
        fn any_text_is_refused_or_read(s: String) {
            if let Ok(t) = s.parse::<TraceParent>() {
                prop_assert_eq!(t.to_string().parse(), Ok(t));
            }
        }
    }
}
