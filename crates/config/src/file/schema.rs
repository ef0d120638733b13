//! What may stand in the file, once more as data: the JSON Schema for editors is made of it, and a test holds
//! it to the types that read the file.

use serde_json::{Map, Value, json};

use super::{
    checks::{IMPORTANCE, KINDS},
    words::DAYS,
};

/// A key, what it means, and what may stand behind it.
type Key = (&'static str, &'static str, Shape);
/// The keys of a table; those that begin with `!` have to be there.
type Table = &'static [Key];

#[derive(Clone, Copy)]
enum Shape {
    Text,
    Texts,
    /// One text, or several.
    Many,
    Yes,
    Whole,
    Wholes,
    /// From, to.
    Number(f64, f64),
    Level,
    Length,
    /// A length, or never.
    Every,
    Clock,
    Days,
    One(&'static [&'static str]),
    CheckKind,
    Of(Table),
    List(Table),
    /// Names of one's own, each with a table.
    Named(Table),
    /// Names of one's own, each with a list of texts.
    NamedTexts,
    NamedWholes,
    /// Names of one's own, each with a plain value.
    Facts,
}

use Shape::{
    CheckKind, Clock, Days, Every, Facts, Length, Level, List, Many, Named, NamedTexts,
    NamedWholes, Number, Of, One, Text, Texts, Whole, Wholes, Yes,
};

const FILE: Table = &[
    ("alerts", "Of all alerts.", Of(ALERTS)),
    (
        "channels",
        "By kind: slack, email, pagerduty, telegram, teams, discord, webhook, alertmanager.",
        Named(CHANNEL),
    ),
    (
        "recipients",
        "Names for channels; a rule may say such a name wherever it says a channel.",
        NamedTexts,
    ),
    (
        "rules",
        "Which alerts go where. The first that matches decides, unless it says continue; an alert that none \
         matches goes to every channel.",
        List(RULE),
    ),
    (
        "silences",
        "Hours in which matching alerts are held back; what still fires at their end is told then.",
        List(SILENCE),
    ),
    (
        "thresholds",
        "When CPU, memory and disk are told.",
        Of(THRESHOLDS),
    ),
    ("portfolio", "Of the portfolio.", Of(PORTFOLIO)),
    ("checks", "Dependencies watched in /health.", List(CHECK)),
    (
        "access_log",
        "Which requests have a line in the log.",
        Of(ACCESS_LOG),
    ),
    ("report", "Who gets the daily report.", Of(REPORT)),
];

const ALERTS: Table = &[
    (
        "cooldown",
        "How long a repeated alert is held back. Default: 15m.",
        Length,
    ),
    (
        "on_errors",
        "Whether each line logged at ERROR is an alert too.",
        Yes,
    ),
    ("language", "en or ko.", One(&["en", "ko"])),
    (
        "time_zone",
        "Zone of the times in alerts, and of hours here that name none. Default: Asia/Seoul.",
        Text,
    ),
    (
        "public_url",
        "Where the console is reached from outside: alerts link to it.",
        Text,
    ),
    ("runbook_url", "What a runbook's name is appended to.", Text),
    (
        "repeat",
        "How often what still fires, and nobody acknowledged, is told again. Default: 6h.",
        Every,
    ),
    (
        "fallback",
        "The channel that takes CRITICAL alerts while their own fails.",
        Text,
    ),
];

const CHANNEL: Table = &[(
    "min_level",
    "Least level that goes there. Default: info.",
    Level,
)];

const RULE: Table = &[
    ("!id", "Its name, shown wherever it decides.", Text),
    ("enabled", "Default: true.", Yes),
    (
        "match",
        "Which alerts; every key must hold. Default: all.",
        Of(MATCH),
    ),
    ("!channels", "Channels, or names of recipients.", Texts),
    (
        "continue",
        "Whether later rules are asked too. Default: false.",
        Yes,
    ),
    ("active", "The rule holds in these hours only.", Of(HOURS)),
    (
        "quiet",
        "In these hours nothing but CRITICAL goes out.",
        Of(HOURS),
    ),
    (
        "quiet_then",
        "hold: what still fires at their end is told then, one by one. digest: one message tells what began and \
         ended. Default: hold.",
        One(&["hold", "digest"]),
    ),
    (
        "cooldown",
        "How long the same alert stays quiet on a channel. 0 tells every one.",
        Length,
    ),
    (
        "digest",
        "Alerts below CRITICAL are told in one message every so often.",
        Every,
    ),
    (
        "repeat",
        "How often what still fires, and nobody acknowledged, is told again.",
        Every,
    ),
    (
        "remind",
        "How often what was acknowledged, and still fires, is told again. Default: never.",
        Every,
    ),
    (
        "owner",
        "Who looks after these alerts: stands in each message.",
        Text,
    ),
    (
        "escalate",
        "Who is told if nobody acknowledges.",
        List(STEP),
    ),
];

const STEP: Table = &[
    ("!after", "How long after the first message.", Length),
    ("!channels", "Channels, or names of recipients.", Texts),
];

const MATCH: Table = &[
    ("min_level", "At least this serious.", Level),
    ("max_level", "At most this serious.", Level),
    (
        "kind",
        "error, risk, trading_halt, performance, resource, health, custom, …",
        Text,
    ),
    ("source", "From any of these.", Many),
    ("tag", "With all of these.", Many),
    ("key", "Of this key.", Text),
    ("metadata", "With exactly these facts.", Facts),
];

const HOURS: Table = &[
    (
        "during",
        "Hours by name: KRX, NXT, trading, \"KRX regular\", \"outside KRX\", …",
        Text,
    ),
    ("from", "Time of day, included.", Clock),
    (
        "to",
        "Time of day, not included; before `from`: over midnight.",
        Clock,
    ),
    (
        "days",
        "Default: all seven. A span over midnight belongs to the day on which it begins.",
        Days,
    ),
    ("zone", "Default: alerts.time_zone.", Text),
];

const SILENCE: Table = &[
    ("!id", "Its name.", Text),
    ("match", "Which alerts. Default: all.", Of(MATCH)),
    ("!hours", "When it holds.", Of(HOURS)),
    ("comment", "Why.", Text),
];

const THRESHOLDS: Table = &[
    (
        "hold",
        "How long a threshold must be passed before it is told.",
        Length,
    ),
    ("cpu", "Of the CPU.", Of(THRESHOLD)),
    ("memory", "Of memory.", Of(THRESHOLD)),
    ("disk", "Of the disk.", Of(THRESHOLD)),
];

const THRESHOLD: Table = &[
    (
        "warning",
        "From here on a warning, percent.",
        Number(0.0, 100.0),
    ),
    (
        "critical",
        "From here on critical, percent.",
        Number(0.0, 100.0),
    ),
    (
        "hold",
        "How long it must be passed before it is told.",
        Length,
    ),
    (
        "margin",
        "How far below it counts as over, percentage points. Default: 5.",
        Number(0.0, 50.0),
    ),
];

const PORTFOLIO: Table = &[(
    "halt_drawdown_percent",
    "Drawdown at which this service halts its trading; unset: it does not, and no such line is shown.",
    Number(0.0, 100.0),
)];

const CHECK: Table = &[
    ("!name", "As /health shows it.", Text),
    (
        "!kind",
        "http, postgres and redis need url, tcp needs address, sqlite and disk need path, heartbeat needs \
         unhealthy_after.",
        CheckKind,
    ),
    ("url", "Of http, postgres and redis.", Text),
    ("address", "host:port of tcp.", Text),
    ("path", "Of sqlite and disk.", Text),
    (
        "status",
        "Answers of http that are right. Default: any 2xx.",
        Wholes,
    ),
    ("every", "Time between two checks.", Length),
    ("timeout", "How long one may take.", Length),
    (
        "unhealthy_after",
        "Of heartbeat: silence past which it is unhealthy. The service's code beats: heartbeat_named(name).beat().",
        Length,
    ),
    (
        "degraded_after",
        "Of heartbeat: silence past which it is degraded. Default: unhealthy_after.",
        Length,
    ),
    (
        "grace",
        "Of heartbeat: how long after the open, and after the start, any silence is fine. Default: 1m with during, \
         else none.",
        Length,
    ),
    (
        "during",
        "Of heartbeat: hours by name in which it must beat: KRX, \"KRX regular\", trading, … Default: always.",
        Text,
    ),
    (
        "importance",
        "critical: gates /ready. degrading: the service is degraded at worst. Default: degrading.",
        One(&IMPORTANCE),
    ),
];

const ACCESS_LOG: Table = &[
    (
        "quiet",
        "Routes, as they were given to the router, without a line unless a request fails.",
        Texts,
    ),
    (
        "one_in",
        "By route: a line for the first of so many, and for what fails.",
        NamedWholes,
    ),
    ("others_one_in", "The same for every other route.", Whole),
];

const REPORT: Table = &[
    (
        "channels",
        "Channels that carry it. Default: every one that people read.",
        Texts,
    ),
    (
        "email_to",
        "Addresses. Default: those of the alerts.",
        Texts,
    ),
];

/// The JSON Schema of the file (draft 2020-12), for editors.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = table(FILE);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("bongsu.toml");
    schema
}

fn table(keys: Table) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    for (name, help, shape) in keys {
        let bare = name.trim_start_matches('!');
        required.extend((bare != *name).then_some(bare));
        let mut value = shape.schema();
        value["description"] = json!(help);
        properties.insert(bare.to_owned(), value);
    }
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn named(values: Value) -> Value {
    json!({ "type": "object", "additionalProperties": values })
}

impl Shape {
    fn schema(self) -> Value {
        let text = json!({ "type": "string" });
        let length = r"^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$";
        match self {
            Text => text,
            Texts => json!({ "type": "array", "items": text }),
            Many => json!({ "type": ["string", "array"], "items": text }),
            Yes => json!({ "type": "boolean" }),
            Whole => json!({ "type": "integer", "minimum": 0 }),
            Wholes => json!({ "type": "array", "items": Whole.schema() }),
            Number(from, to) => json!({ "type": "number", "minimum": from, "maximum": to }),
            Level => json!({ "enum": bongsu_severity::Severity::ALL.map(|level| level.as_str()) }),
            Length => json!({ "type": ["string", "number"], "pattern": length, "minimum": 0 }),
            Every => json!({
                "type": ["string", "number"], "pattern": format!("^never$|{length}"), "minimum": 1,
            }),
            Clock => {
                json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$" })
            }
            Days => json!({ "type": "array", "items": { "enum": DAYS.map(|(name, _)| name) } }),
            One(words) => json!({ "enum": words }),
            CheckKind => json!({ "enum": KINDS.map(|kind| kind.name) }),
            Of(keys) => table(keys),
            List(keys) => json!({ "type": "array", "items": table(keys) }),
            Named(keys) => named(table(keys)),
            NamedTexts => named(Texts.schema()),
            NamedWholes => named(Whole.schema()),
            Facts => named(json!({ "type": ["string", "number", "boolean"] })),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::file::types::File;

    /// The names between the second and each later pair of backquotes of the reader's complaint.
    fn expected(text: &str) -> BTreeSet<String> {
        let error = toml::from_str::<File>(text).unwrap_err();
        let names = error.message().split('`').skip(1).step_by(2).skip(1);
        names.map(str::to_owned).collect()
    }

    fn check(text: &str, keys: Table) {
        let described: BTreeSet<String> = keys
            .iter()
            .map(|(name, ..)| name.trim_start_matches('!').to_owned())
            .collect();
        assert_eq!(described, expected(text), "{text}");
    }

    #[test]
    fn what_is_described_is_what_is_read() {
        check("zz = 1", FILE);
        check("[alerts]\nzz = 1", ALERTS);
        check("[channels.slack]\nzz = 1", CHANNEL);
        check("[[rules]]\nzz = 1", RULE);
        check("[[rules]]\n[rules.match]\nzz = 1", MATCH);
        check("[[rules]]\n[rules.active]\nzz = 1", HOURS);
        check("[[rules]]\n[[rules.escalate]]\nzz = 1", STEP);
        check("[[silences]]\nzz = 1", SILENCE);
        check("[thresholds]\nzz = 1", THRESHOLDS);
        check("[thresholds.cpu]\nzz = 1", THRESHOLD);
        check("[portfolio]\nzz = 1", PORTFOLIO);
        check("[[checks]]\nzz = 1", CHECK);
        check("[access_log]\nzz = 1", ACCESS_LOG);
        check("[report]\nzz = 1", REPORT);
    }

    #[test]
    fn the_schema_for_editors_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/bongsu.schema.json");
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(
            kept,
            json_schema(),
            "bongsu config schema > docs/bongsu.schema.json"
        );
    }
}
