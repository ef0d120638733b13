//! A figure, or why there is none.

use std::borrow::Cow;

use crate::Lang;

/// A value that may be missing; then it shows as a dash with its reason.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure<T> {
    /// The value.
    Known(T),
    /// There is none.
    Missing(Missing),
}

/// Why a figure is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Missing {
    /// Nothing has been measured yet.
    #[default]
    NotYet,
    /// The service does not have the part that would supply it.
    NotConfigured,
    /// The service never recorded it.
    NotRecorded,
    /// It could not be had; the words of whoever tried.
    Failed(String),
}

impl<T> Default for Figure<T> {
    fn default() -> Self {
        Self::Missing(Missing::default())
    }
}

impl<T> From<Missing> for Figure<T> {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl<T> Figure<T> {
    /// The value, or the given reason.
    pub fn or(value: Option<T>, missing: Missing) -> Self {
        value.map_or(Self::Missing(missing), Self::Known)
    }

    /// The value, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Missing(_) => None,
        }
    }

    /// The value made into something else; the reason stays.
    pub fn map<U>(&self, make: impl FnOnce(&T) -> U) -> Figure<U> {
        match self {
            Self::Known(value) => Figure::Known(make(value)),
            Self::Missing(missing) => Figure::Missing(missing.clone()),
        }
    }
}

impl Missing {
    /// The reason in words.
    #[must_use]
    pub fn words(&self, lang: Lang) -> Cow<'_, str> {
        match self {
            Self::NotYet => lang.pick("not measured yet", "아직 측정 전").into(),
            Self::NotConfigured => lang.pick("not configured", "설정되지 않음").into(),
            Self::NotRecorded => lang.pick("not recorded", "기록 없음").into(),
            Self::Failed(reason) => reason.into(),
        }
    }
}
