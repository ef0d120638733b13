//! Numbers as databases hand them over.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

#[test]
fn a_float_is_the_decimal_it_prints_as() {
    for value in [
        0.0,
        -0.0,
        -14.1,
        0.01,
        0.1,
        0.005,
        1.0,
        14.1,
        14.125,
        50_123.45,
        50_000.0,
        1e-7,
        0.29,
        1.005,
        9_999_999_999_999.99,
        99_999_999_999_999.98,
        1e15,
        1e20,
        f64::MAX,
        f64::NAN,
        f64::INFINITY,
    ] {
        let printed: Option<Decimal> = value.to_string().parse().ok();
        let got = Number::Real(value).decimal();
        assert_eq!(got, printed, "{value}");
        assert_eq!(
            got.map(|got| got.scale()),
            printed.map(|printed| printed.scale()),
            "{value}"
        );
    }
}

proptest! {
    #[test]
    fn any_float_is_the_decimal_it_prints_as(cents in 0_u64..2_000_000_000_000_000, tail in 0_u8..3) {
        #[expect(clippy::cast_precision_loss, reason = "any float will do")]
        let value = cents as f64 / [100.0, 1_000.0, 7.0][usize::from(tail)];
        let printed: Option<Decimal> = value.to_string().parse().ok();
        let got = Number::Real(value).decimal();
        prop_assert_eq!(got.map(|got| got.to_string()), printed.map(|printed| printed.to_string()));
    }
}
