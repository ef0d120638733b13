//! The `traceparent` header, in and out.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::hex::{Hex, number};

/// A parsed `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TraceParent {
    /// 16 bytes, never all zero.
    pub trace_id: u128,
    /// 8 bytes, the span of whoever sends the header; never zero.
    pub span_id: u64,
    /// Whether the sender records the trace.
    pub sampled: bool,
}

/// Why a `traceparent` was refused; the specification says to start a new trace then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceParentError {
    /// Not `version-trace-span-flags` of the right lengths.
    Shape,
    /// A digit is not lower-case hexadecimal.
    Digit,
    /// Version `ff` is forbidden.
    Version,
    /// The trace id or the span id is all zeros.
    Zero,
}

impl fmt::Display for TraceParentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "not of the form 00-<32 hex>-<16 hex>-<2 hex>",
            Self::Digit => "not lower-case hexadecimal",
            Self::Version => "version ff is invalid",
            Self::Zero => "an id of zeros is invalid",
        })
    }
}

impl Error for TraceParentError {}

impl TraceParent {
    /// A trace of the given random ids. An id of zeros is made valid by its last bit.
    #[must_use]
    pub const fn new(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        Self {
            trace_id: if trace_id == 0 { 1 } else { trace_id },
            span_id: if span_id == 0 { 1 } else { span_id },
            sampled,
        }
    }

    /// The same trace with another span as the parent; for outgoing calls.
    #[must_use]
    pub const fn child(&self, span_id: u64) -> Self {
        Self::new(self.trace_id, span_id, self.sampled)
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id_hex(&self) -> Hex<32> {
        Hex::of(self.trace_id)
    }

    /// 16 hexadecimal digits.
    #[must_use]
    pub fn span_id_hex(&self) -> Hex<16> {
        Hex::of(self.span_id.into())
    }

    /// Reads a header's value: `version "-" trace-id "-" parent-id "-" flags`; a later version may
    /// append more fields.
    ///
    /// # Errors
    /// What the specification calls invalid.
    #[inline]
    pub fn parse(value: &[u8]) -> Result<Self, TraceParentError> {
        use TraceParentError::{Digit, Shape, Version, Zero};
        if value.len() < 55 || value[2] != b'-' || value[35] != b'-' || value[52] != b'-' {
            return Err(Shape);
        }
        let version = number(&value[..2]).ok_or(Digit)?;
        match (version, value.get(55)) {
            (0xff, _) => return Err(Version),
            (_, None) => {}
            (1.., Some(b'-')) => {}
            _ => return Err(Shape),
        }
        let trace_id = number(&value[3..35]).ok_or(Digit)?;
        // Sixteen digits fit.
        let span_id = number(&value[36..52]).ok_or(Digit)? as u64;
        let flags = number(&value[53..55]).ok_or(Digit)?;
        if trace_id == 0 || span_id == 0 {
            return Err(Zero);
        }
        Ok(Self {
            trace_id,
            span_id,
            // Of the flags only `sampled` is known to version 00.
            sampled: flags & 1 == 1,
        })
    }
}

impl FromStr for TraceParent {
    type Err = TraceParentError;

    /// As [`TraceParent::parse`], surrounding blanks ignored.
    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        Self::parse(text.trim_matches([' ', '\t']).as_bytes())
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{}-{}-{:02x}",
            self.trace_id_hex(),
            self.span_id_hex(),
            u8::from(self.sampled)
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
        check(&format!("01-{TRACE}-b7ad6b7169203331-01.extra"), Err(Shape));
        check(&format!("ff-{TRACE}-b7ad6b7169203331-01"), Err(Version));
        check(&format!("00-{TRACE}-0000000000000000-01"), Err(Zero));
        check(
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            Err(Zero),
        );
        check(&good.to_uppercase(), Err(Digit));
        check(&good.replacen('-', "_", 1), Err(Shape));
        check(&format!("00-{TRACE}-b7ad6b71692033-01"), Err(Shape));
        check(&format!("00-{TRACE}-b7ad6b7169203331"), Err(Shape));
        check("", Err(Shape));
        check(&format!("00-{TRACE}-b7ad6b7169203331-ff"), Ok(&good));
    }

    #[test]
    fn ids_of_zeros_are_never_sent() {
        let t = TraceParent::new(0, 0, true).child(0);
        assert_eq!(t.to_string().parse(), Ok(t));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(trace: u128, span: u64, sampled: bool) {
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
