//! Exact won inside the computation: fixed point, twelve decimals, in an `i128`.
//!
//! A [`Decimal`] division costs a hundred nanoseconds and a replay makes one a sale; an integer
//! costs a fifth. Sums are exact; a share of a cost is cut at 10⁻¹² won and the rest stays with the
//! position, so that nothing is ever lost or made.

use rust_decimal::Decimal;

const DECIMALS: u32 = 12;
const ONE: i128 = 1_000_000_000_000;

/// An amount of won in units of 10⁻¹² won.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Won(i128);

impl Won {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) fn new(won: i64) -> Self {
        Self(i128::from(won) * ONE)
    }

    pub(crate) fn from_raw(raw: i128) -> Self {
        Self(raw)
    }

    pub(crate) fn raw(self) -> i128 {
        self.0
    }

    /// In thousandths of a won, where there are no smaller parts.
    pub(crate) fn thousandths(self) -> Option<i128> {
        const UNIT: i128 = ONE / 1_000;
        (self.0 % UNIT == 0).then_some(self.0 / UNIT)
    }

    pub(crate) fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    pub(crate) fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub(crate) fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// `self · part ÷ whole` for `0 ≤ part ≤ whole`, cut towards zero; cannot overflow.
    pub(crate) fn share(self, part: i64, whole: i64) -> Self {
        debug_assert!(0 <= part && part <= whole && whole > 0);
        let (part, whole) = (i128::from(part), i128::from(whole));
        if part == whole {
            return self;
        }
        let each = self.0 / whole;
        let rest = self.0 - each * whole;
        Self(each * part + rest * part / whole)
    }

    /// `self · count`; saturates far beyond all the money there is.
    pub(crate) fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(i128::from(count)))
    }

    /// The amount as a decimal; the last digits go when it has more than 28.
    pub(crate) fn decimal(self) -> Decimal {
        let (mut raw, mut scale) = (self.0, DECIMALS);
        loop {
            match Decimal::try_from_i128_with_scale(raw, scale) {
                Ok(value) => return value.normalize(),
                Err(_) if scale > 0 => {
                    raw /= 10;
                    scale -= 1;
                }
                Err(_) => return if raw < 0 { Decimal::MIN } else { Decimal::MAX },
            }
        }
    }

    /// The exact amount of a decimal with at most twelve digits after the point.
    pub(crate) fn from_decimal(value: Decimal) -> Option<Self> {
        let scale = value.scale();
        let mantissa = value.mantissa();
        if scale <= DECIMALS {
            mantissa
                .checked_mul(10_i128.pow(DECIMALS - scale))
                .map(Self)
        } else {
            Some(Self(mantissa / 10_i128.pow(scale - DECIMALS)))
        }
    }

    /// The nearest float, for ratios only.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a ratio needs no more than 53 bits"
    )]
    pub(crate) fn to_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }
}

impl std::ops::Add for Won {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Won {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::AddAssign for Won {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::ops::SubAssign for Won {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl serde::Serialize for Won {
    /// As an integer of 10⁻¹² won in decimal digits.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Won {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl std::iter::Sum for Won {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, |sum, item| sum + item)
    }
}
