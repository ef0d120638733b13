//! One alert of a rule, as it is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Labels;

/// How far an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It holds, but not for as long as its rule's `for`.
    Pending,
    /// It fires.
    Firing,
}

impl State {
    /// As in the label `alertstate`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// One alert that is pending or fires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Active {
    /// What tells it from others; `alertname` among them.
    #[serde(with = "labels")]
    pub labels: Labels,
    /// What it says, by name.
    pub annotations: BTreeMap<String, String>,
    /// What the expression gave when it last held.
    #[serde(with = "number")]
    pub value: f64,
    /// How far it is.
    pub state: State,
    /// Since when it holds, in milliseconds since 1970.
    pub since_ms: i64,
    /// Since when it fires.
    pub firing_ms: Option<i64>,
    /// Since when it holds no more and fires all the same, by `keep_firing_for`.
    pub kept_ms: Option<i64>,
}

impl Active {
    /// A short name for its labels: the same in each run (FNV-1a of names and values).
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let texts = self.labels.iter().flat_map(|(name, value)| [name, value]);
        let bytes = texts.flat_map(|text| text.bytes().chain([0xff]));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

/// Labels as an object of names and values.
pub(super) mod labels {
    use super::{BTreeMap, Deserialize, Labels, Serialize};

    pub(in super::super) fn serialize<S: serde::Serializer>(
        labels: &Labels,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        labels.iter().collect::<BTreeMap<_, _>>().serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<Labels, D::Error> {
        BTreeMap::<String, String>::deserialize(from).map(Labels::new)
    }
}

/// Several of them.
pub(super) mod all_labels {
    use std::collections::BTreeSet;

    use super::{BTreeMap, Deserialize, Labels};

    pub(in super::super) fn serialize<S: serde::Serializer>(
        all: &BTreeSet<Labels>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(all.iter().map(|it| it.iter().collect::<BTreeMap<_, _>>()))
    }

    pub(in super::super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeSet<Labels>, D::Error> {
        let all = Vec::<BTreeMap<String, String>>::deserialize(from)?;
        Ok(all.into_iter().map(Labels::new).collect())
    }
}

/// A float as text: JSON has no infinities.
mod number {
    use super::Deserialize;

    pub(super) fn serialize<S: serde::Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.to_string())
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
