//! A figure that may be missing: a value, or the reason why there is none.
//!
//! No figure is invented: what is not known is shown as a dash with its reason. Which reasons there
//! are is the affair of whoever has the figures.
//!
//! ```
//! use bongsu_figure::Figure;
//!
//! let rate: Figure<f64, &str> = Figure::Missing("no closed trades");
//! assert_eq!(rate.value(), None);
//! assert_eq!(Figure::from_option(Some(2), "none").map(|n| n * 2).get(), Some(4));
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

/// A value, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Figure<T, Why> {
    /// The figure is known.
    #[cfg_attr(feature = "serde", serde(rename = "value"))]
    Known(T),
    /// The figure is undefined or its data was not there.
    #[cfg_attr(feature = "serde", serde(rename = "missing"))]
    Missing(Why),
}

impl<T, Why> Figure<T, Why> {
    /// The value, if there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Missing(_) => None,
        }
    }

    /// The reason, if there is no value.
    pub const fn missing(&self) -> Option<&Why> {
        match self {
            Self::Known(_) => None,
            Self::Missing(why) => Some(why),
        }
    }

    /// The value by copy, if there is one.
    pub const fn get(&self) -> Option<T>
    where
        T: Copy,
    {
        match self {
            Self::Known(value) => Some(*value),
            Self::Missing(_) => None,
        }
    }

    /// Applies `f` to the value and keeps the reason otherwise.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Figure<U, Why> {
        match self {
            Self::Known(value) => Figure::Known(f(value)),
            Self::Missing(why) => Figure::Missing(why),
        }
    }

    /// `Known` from `Some`, else the reason.
    pub fn from_option(value: Option<T>, why: Why) -> Self {
        value.map_or(Self::Missing(why), Self::Known)
    }
}

impl<T, Why: Default> Default for Figure<T, Why> {
    fn default() -> Self {
        Self::Missing(Why::default())
    }
}

impl<T, Why> From<Why> for Figure<T, Why> {
    fn from(why: Why) -> Self {
        Self::Missing(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Count = Figure<u32, String>;

    #[test]
    fn a_value_or_its_reason() {
        let (known, missing): (Count, Count) = (Figure::Known(3), "no data".to_owned().into());
        assert_eq!((known.get(), known.missing()), (Some(3), None));
        assert_eq!(missing.missing().map(String::as_str), Some("no data"));
        assert_eq!(missing.clone().map(|n| n + 1), missing);
        assert_eq!(Count::default(), Figure::Missing(String::new()));
        assert_eq!(Count::from_option(None, "no data".to_owned()), missing);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn as_json() {
        for (figure, text) in [
            (Figure::Known(3), r#"{"value":3}"#),
            (Figure::Missing("none".to_owned()), r#"{"missing":"none"}"#),
        ] {
            assert_eq!(serde_json::to_string::<Count>(&figure).unwrap(), text);
            assert_eq!(serde_json::from_str::<Count>(text).unwrap(), figure);
        }
    }
}
