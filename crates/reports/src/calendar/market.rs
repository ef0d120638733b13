//! Markets as feeds spell them, and what is traded there without transaction tax.

/// A market of the Korea Exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Market {
    /// The main board (유가증권시장).
    Kospi,
    /// KOSDAQ, its segments included.
    Kosdaq,
    /// KONEX.
    Konex,
}

impl Market {
    /// The market of a feed's word, whatever its case: `KOSPI`, `유가증권`, `STK`; `KOSDAQ`, `코스닥`,
    /// `KSQ`, `KOSDAQ GLOBAL`; `KONEX`, `코넥스`, `KNX`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_uppercase();
        let begins = |names: &[&str]| names.iter().any(|name| word.starts_with(name));
        // The index futures' board begins like the market and is none.
        if begins(&["KOSDAQ", "코스닥", "KSQ", "KQ"]) || word == "Q" {
            Some(Self::Kosdaq)
        } else if begins(&["KONEX", "코넥스", "KNX"]) || word == "N" {
            Some(Self::Konex)
        } else if begins(&["KOSPI", "코스피", "유가증권", "STK", "XKRX"])
            || matches!(word.as_str(), "KS" | "Y" | "유가")
        {
            Some(Self::Kospi)
        } else {
            None
        }
    }
}

/// Words that say that a security is an exchange-traded fund or note, or a warrant.
const UNTAXED: &[&str] = &["ETF", "ETN", "ELW"];
const UNTAXED_KO: &[&str] = &["상장지수", "주식워런트"];
/// Names under which the large houses list their funds.
const FUND_NAMES: &[&str] = &[
    "KODEX",
    "TIGER",
    "RISE",
    "KBSTAR",
    "ACE",
    "KINDEX",
    "PLUS",
    "ARIRANG",
    "HANARO",
    "SOL",
    "KOSEF",
    "KIWOOM",
    "TIMEFOLIO",
    "WON",
    "1Q",
    "KOACT",
    "FOCUS",
    "TREX",
    "히어로즈",
    "마이다스",
    "파워",
];

/// Does a word of the security's market, sector or industry say that its sale is not taxed?
pub(crate) fn is_untaxed(word: &str) -> bool {
    let upper = word.to_uppercase();
    let mut parts = upper.split(|c: char| !c.is_ascii_alphanumeric());
    parts.any(|part| UNTAXED.contains(&part)) || UNTAXED_KO.iter().any(|ko| word.contains(ko))
}

/// Does the name look like that of a fund or a note? A guess: good enough not to accuse.
pub(crate) fn looks_untaxed(name: &str) -> bool {
    let first = name.split_whitespace().next().unwrap_or_default();
    let several = name.split_whitespace().nth(1).is_some();
    is_untaxed(name) || several && FUND_NAMES.contains(&first.to_uppercase().as_str())
}
