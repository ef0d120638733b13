//! A report as headings, figures and tables of plain text: the one model that HTML, text and
//! Slack draw. Nothing here is escaped; every renderer escapes for itself.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::format::{self, DASH, Direction, Signed};
use super::options::RenderOptions;
use crate::chart::Chart;
use crate::figure::Figure;
use crate::i18n;

/// How a piece of text is meant, beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// A gain.
    Up,
    /// A loss.
    Down,
    /// Less important, or not available.
    Muted,
    Good,
    Warn,
    Bad,
}

impl Tone {
    /// The class in the stand-alone page.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Up => "up",
            Self::Down => "down",
            Self::Muted => "muted",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// A sign for those who do not see the colour.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Warn => "!",
            Self::Bad => "✕",
            _ => "",
        }
    }
}

/// A figure or a word as shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    /// `▲` or `▼`, or nothing.
    pub(crate) arrow: &'static str,
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// What is said in small beside it: why it is missing, or a remark.
    pub(crate) note: Option<String>,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self {
            arrow: "",
            text: text.into(),
            tone: Tone::Plain,
            note: None,
        }
    }

    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            tone,
            ..Self::plain(text)
        }
    }

    pub(crate) fn signed(signed: Signed) -> Self {
        let tone = match signed.direction {
            Direction::Up => Tone::Up,
            Direction::Down => Tone::Down,
            Direction::Flat => Tone::Plain,
        };
        Self {
            arrow: format::arrow(signed.direction),
            text: signed.text,
            tone,
            note: None,
        }
    }

    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// A word so long that it must be broken somewhere.
    pub(crate) fn long(&self) -> bool {
        let words = self.text.split_whitespace();
        let noted = self.note.iter().flat_map(|note| note.split_whitespace());
        words.chain(noted).any(|word| word.chars().count() > 18)
    }

    /// A note, such as a date, that is better kept in one line.
    pub(crate) fn has_short_note(&self) -> bool {
        let note = self.note.as_deref().unwrap_or_default();
        note.chars().count() <= 14
    }

    /// `▲ +1,234`, without the note.
    pub(crate) fn shown(&self) -> String {
        if self.arrow.is_empty() {
            self.text.clone()
        } else {
            format!("{} {}", self.arrow, self.text)
        }
    }

    /// `– (no closed trades)`.
    pub(crate) fn with_its_note(&self) -> String {
        match &self.note {
            Some(note) => format!("{} ({note})", self.shown()),
            None => self.shown(),
        }
    }
}

/// A labelled figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) label: Cow<'static, str>,
    pub(crate) cell: Cell,
}

impl Item {
    pub(crate) fn new(label: impl Into<Cow<'static, str>>, cell: Cell) -> Self {
        Self {
            label: label.into(),
            cell,
        }
    }
}

/// A column's heading and alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) numeric: bool,
    /// Only for the page: everything else leaves it out.
    pub(crate) extra: bool,
    /// Not shown in a mail on a phone, nor in Slack.
    pub(crate) minor: bool,
    /// Where there are no headings (Slack), the title stands before a plain cell.
    pub(crate) labelled: bool,
}

impl Column {
    pub(crate) const fn text(title: &'static str) -> Self {
        Self {
            title,
            numeric: false,
            extra: false,
            minor: false,
            labelled: false,
        }
    }

    pub(crate) const fn number(title: &'static str) -> Self {
        Self {
            numeric: true,
            ..Self::text(title)
        }
    }

    pub(crate) const fn extra(self) -> Self {
        Self {
            extra: true,
            ..self
        }
    }

    pub(crate) const fn labelled(self) -> Self {
        Self {
            labelled: true,
            ..self
        }
    }

    pub(crate) const fn minor(self) -> Self {
        Self {
            minor: true,
            ..self
        }
    }
}

/// Rows under headings; the first column names the row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) caption: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What stands there when there are no rows.
    pub(crate) empty: String,
    /// "and 12 more".
    pub(crate) more: Option<String>,
}

impl Table {
    /// Its last column is text: on a phone its rows are read as lines.
    pub(crate) fn ends_in_words(&self) -> bool {
        self.columns.last().is_some_and(|column| !column.numeric)
    }

    /// Keeps at most `max` of `all` rows and says how many were left out, with those left out before.
    pub(crate) fn new<T>(
        caption: &'static str,
        columns: Vec<Column>,
        (all, max, omitted): (&[T], usize, u64),
        empty: impl Into<String>,
        cells: Cells<'_>,
        mut row: impl FnMut(&T) -> Vec<Cell>,
    ) -> Self {
        let left_out = omitted.saturating_add(all.len().saturating_sub(max) as u64);
        let keep = |column: &Column| !(cells.compact && column.extra);
        let kept = |row: Vec<Cell>| {
            let both = row.into_iter().zip(&columns);
            both.filter(|(_, column)| keep(column))
                .map(|(cell, _)| cell)
                .collect()
        };
        Self {
            caption,
            rows: all.iter().take(max).map(|one| kept(row(one))).collect(),
            columns: columns
                .iter()
                .filter(|column| keep(column))
                .copied()
                .collect(),
            empty: empty.into(),
            more: (left_out > 0).then(|| i18n::more_rows(cells.options.lang, left_out)),
        }
    }

    /// A row with the heading of each of its cells.
    pub(crate) fn cells<'a>(
        &'a self,
        row: &'a [Cell],
    ) -> impl Iterator<Item = (&'a Column, &'a Cell)> {
        self.columns.iter().zip(row)
    }
}

/// A part of a section.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Block {
    Items(Vec<Item>),
    Table(Table),
    /// One sentence in place of figures.
    Note(String),
}

impl Block {
    /// Figures; one sentence when all of them are missing for the same reason.
    pub(crate) fn figures(items: Vec<Item>) -> Self {
        let reason = |item: &Item| {
            (item.cell.text == DASH)
                .then(|| item.cell.note.clone())
                .flatten()
        };
        match items.first().and_then(reason) {
            Some(why)
                if items.len() > 2
                    && items.iter().all(|item| reason(item).as_ref() == Some(&why)) =>
            {
                Self::Note(format!("{DASH} ({why})"))
            }
            _ => Self::Items(items),
        }
    }
}

/// A heading and what is under it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    /// For links within the page.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The day it is about, where the report is about a longer time.
    pub(crate) of: Option<jiff::civil::Date>,
    pub(crate) blocks: Vec<Block>,
}

impl Section {
    /// The title, and the day where it needs to be told.
    pub(crate) fn heading(&self) -> String {
        match self.of {
            Some(day) => format!("{} · {day}", self.title),
            None => self.title.to_owned(),
        }
    }

    /// Starts with two tables of a kind, which a wide page sets side by side.
    pub(crate) fn paired(&self) -> bool {
        matches!(self.blocks.as_slice(), [Block::Table(a), Block::Table(b), ..] if a.columns == b.columns)
    }
}

/// A short remark about the whole report: "Late", "Revision 2", "Reconciliation: balanced".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Badge {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    /// The section that has the particulars.
    pub(crate) section: Option<&'static str>,
}

impl Badge {
    pub(crate) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone,
            text: text.into(),
            section: None,
        }
    }

    pub(crate) fn section(self, id: &'static str) -> Self {
        Self {
            section: Some(id),
            ..self
        }
    }
}

/// The whole report.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    pub(crate) lang: &'static str,
    pub(crate) subject: String,
    pub(crate) title: &'static str,
    pub(crate) date: String,
    pub(crate) iso_date: String,
    /// Service, environment, account.
    pub(crate) origin: Vec<String>,
    pub(crate) generated: String,
    /// Late, as of, revision, closed day, source down: what changes how the rest is read.
    pub(crate) marks: Vec<Badge>,
    /// The day in one sentence.
    pub(crate) headline: String,
    pub(crate) hero: Item,
    /// The day's return and the benchmark's.
    pub(crate) returns: Vec<Item>,
    pub(crate) kpis: Vec<Item>,
    /// Reconciliation, data quality, alerts, health: each in a few words.
    pub(crate) checks: Vec<Badge>,
    pub(crate) charts: Vec<Chart>,
    pub(crate) sections: Vec<Section>,
    pub(crate) footer: Vec<&'static str>,
}

impl View {
    pub(crate) fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.id == id)
    }
}

/// Turns figures into cells with the options' language and units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells<'a> {
    pub(crate) options: &'a RenderOptions,
    /// Leave out the columns that only the page has room for.
    pub(crate) compact: bool,
}

impl Cells<'_> {
    pub(crate) fn figure<T>(self, figure: &Figure<T>, show: impl FnOnce(&T) -> Cell) -> Cell {
        match figure {
            Figure::Known(value) => show(value),
            Figure::Missing(why) => {
                Cell::toned(DASH, Tone::Muted).with_note(i18n::missing(self.options.lang, why))
            }
        }
    }

    /// What stands in place of rows: `text` when the figure is known, else why it is not.
    pub(crate) fn instead<T>(self, figure: &Figure<T>, text: &str) -> String {
        self.figure(figure, |_| Cell::plain(text)).with_its_note()
    }

    pub(crate) fn count(self, figure: &Figure<u64>) -> Cell {
        self.figure(figure, |n| Cell::plain(format::count(*n)))
    }

    /// A count that is bad unless it is zero.
    pub(crate) fn bad_count(self, figure: &Figure<u64>) -> Cell {
        self.figure(figure, |n| {
            Cell::toned(
                format::count(*n),
                if *n == 0 { Tone::Plain } else { Tone::Bad },
            )
        })
    }

    pub(crate) fn won(self, figure: &Figure<Decimal>) -> Cell {
        self.figure(figure, |value| {
            Cell::plain(format::won(*value, self.options))
        })
    }

    pub(crate) fn signed_won(self, figure: &Figure<Decimal>) -> Cell {
        self.figure(figure, |value| {
            Cell::signed(format::signed_won(*value, self.options))
        })
    }

    pub(crate) fn signed_amount(self, figure: &Figure<Decimal>) -> Cell {
        self.figure(figure, |value| {
            Cell::signed(format::signed_amount(*value, self.options))
        })
    }

    pub(crate) fn amount(self, figure: &Figure<Decimal>) -> Cell {
        self.figure(figure, |value| {
            Cell::plain(format::amount(*value, self.options))
        })
    }

    pub(crate) fn percent(self, figure: &Figure<f64>) -> Cell {
        self.figure(figure, |value| Cell::plain(format::percent(*value, 2)))
    }

    pub(crate) fn signed_percent(self, figure: &Figure<f64>) -> Cell {
        self.figure(figure, |value| {
            format::signed_percent(*value, 2)
                .map_or_else(|| Cell::toned(DASH, Tone::Muted), Cell::signed)
        })
    }

    pub(crate) fn ratio(self, figure: &Figure<f64>, decimals: usize) -> Cell {
        self.figure(figure, |value| Cell::plain(format::ratio(*value, decimals)))
    }

    /// A ticker with the company's name as its note.
    pub(crate) fn symbol(self, ticker: &str, name: Option<&str>) -> Cell {
        let cell = Cell::plain(format::one_line(ticker, 24));
        match name {
            Some(name) if !name.trim().is_empty() => cell.with_note(format::one_line(name, 40)),
            _ => cell,
        }
    }

    /// Somebody else's text in one line.
    pub(crate) fn words(self, text: &str, max: usize) -> Cell {
        Cell::plain(format::one_line(text, max))
    }
}
