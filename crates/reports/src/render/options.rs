//! How a report is to look.

use jiff::tz::TimeZone;

use crate::i18n::Lang;

/// How a report is to look: language, colours, units, zone.
///
/// ```
/// use bongsu_reports::i18n::Lang;
/// use bongsu_reports::render::{ColourScheme, RenderOptions};
///
/// let options = RenderOptions::default().lang(Lang::Ko).colours(ColourScheme::Western);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RenderOptions {
    pub(crate) lang: Lang,
    pub(crate) colours: ColourScheme,
    pub(crate) units: Units,
    pub(crate) zone: TimeZone,
    pub(crate) csv_bom: bool,
}

impl Default for RenderOptions {
    /// English, red for gains, full amounts, Korean time, CSV without a byte-order mark.
    fn default() -> Self {
        Self {
            lang: Lang::En,
            colours: ColourScheme::Korean,
            units: Units::Full,
            // Korea has had no daylight saving time since 1988: the offset is right without a database.
            zone: TimeZone::get("Asia/Seoul")
                .unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(9))),
            csv_bom: false,
        }
    }
}

impl RenderOptions {
    /// The language; English by default.
    #[must_use]
    pub fn lang(mut self, lang: Lang) -> Self {
        self.lang = lang;
        self
    }

    /// The colours of gains and losses; [`ColourScheme::Korean`] by default.
    #[must_use]
    pub fn colours(mut self, colours: ColourScheme) -> Self {
        self.colours = colours;
        self
    }

    /// How amounts are written; [`Units::Full`] by default.
    #[must_use]
    pub fn units(mut self, units: Units) -> Self {
        self.units = units;
        self
    }

    /// The zone of every time in the report; `Asia/Seoul` by default.
    #[must_use]
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Starts the CSV with a byte-order mark, which Excel needs to read Korean; off by default.
    #[must_use]
    pub fn csv_bom(mut self, on: bool) -> Self {
        self.csv_bom = on;
        self
    }
}

/// The colours of gains and losses. The signs ▲ + and ▼ - are always there as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ColourScheme {
    /// Gains red, losses blue, as on Korean exchanges.
    #[default]
    Korean,
    /// Gains green, losses red.
    Western,
}

/// A colour-scheme name that is neither `korean` nor `western`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown colour scheme {0:?}, expected korean or western")]
pub struct UnknownColourScheme(pub String);

impl std::str::FromStr for ColourScheme {
    type Err = UnknownColourScheme;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.trim().to_ascii_lowercase().as_str() {
            "korean" => Ok(Self::Korean),
            "western" => Ok(Self::Western),
            _ => Err(UnknownColourScheme(name.to_owned())),
        }
    }
}

/// How amounts of won are written. Prices and counts are always written in full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Units {
    /// `495,426,094`.
    #[default]
    Full,
    /// `4억 9,543만` in Korean, `495.43M` in English: rounded, for reading only.
    Short,
}

/// A unit name that is neither `full` nor `short`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown units {0:?}, expected full or short")]
pub struct UnknownUnits(pub String);

impl std::str::FromStr for Units {
    type Err = UnknownUnits;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.trim().to_ascii_lowercase().as_str() {
            "full" => Ok(Self::Full),
            "short" => Ok(Self::Short),
            _ => Err(UnknownUnits(name.to_owned())),
        }
    }
}
