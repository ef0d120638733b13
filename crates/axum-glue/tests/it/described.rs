//! The JSON of `/admin` is what its description says, in every answer.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use bongsu_axum_glue::{OpsPolicy, admin_router};
use bongsu_console::testing::FakeSource;
use bongsu_ops::{
    AboutAlert, Accepted, ActiveSilence, AlertDesk, AlertDetail, AlertQuery, AlertRecord, Calls,
    ChannelState, ChannelVerdict, Channels, DeliveryOutcome, DeliveryRecord, EndMaintenance,
    EndSilence, EscalationStep, Explained, Figure, FiringAlert, HealthDesk, Http, Level, LogDesk,
    LogLevelNow, LogLine, LogQuery, LogSeverity, Maintenance, MaintenanceNow, MetricDesk, NewAlert,
    NewMaintenance, NewSilence, Operator, OpsResult, RebuildReports, Rebuilt, Reloaded, Replay,
    ReportDeliveries, ReportDelivery, ReportDesk, ReportEntry, ReportForm, Route, RuleAlert,
    RuleDesk, RuleFigure, RuleFigureQuery, RuleGroup, RuleKind, RuleMemory, RuleSeen, RuleState,
    Rules, Service, ServiceDesk, SetLogLevel, Setting, SilencePreview, Snapshot, Tested,
};
use http_body_util::BodyExt;
use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Has something of everything.
struct Full;

fn full() -> Operator {
    let full = Arc::new(Full);
    Operator::new(full.clone())
        .with_alerts(full.clone())
        .with_health(full.clone())
        .with_logs(full.clone())
        .with_metrics(full.clone())
        .with_reports(full.clone())
        .with_rules(full)
}

fn firing() -> FiringAlert {
    FiringAlert {
        key: "risk|var".to_owned(),
        level: Level::Critical,
        title: "VaR".to_owned(),
        message: "above".to_owned(),
        source: "risk_manager".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        count: 3,
        acknowledged_by: Some("kim".to_owned()),
        silenced_until: Some(Timestamp::UNIX_EPOCH),
        standing: Default::default(),
        detail: AlertDetail {
            id: "01".to_owned(),
            kind: "risk".to_owned(),
            metadata: [("limit".to_owned(), json!(28.0))].into(),
            tags: vec!["risk".to_owned()],
            ..AlertDetail::default()
        },
    }
}

fn silence() -> ActiveSilence {
    ActiveSilence {
        id: "S1".to_owned(),
        matches: "source risk_manager".into(),
        start: Some(Timestamp::UNIX_EPOCH),
        until: Timestamp::UNIX_EPOCH,
        recurrence: Some("in KRX regular".into()),
        active: true,
        holds: vec!["risk|var".to_owned()],
        held: 1,
        by: "kim".to_owned(),
        reason: String::new(),
    }
}

fn maintenance() -> Maintenance {
    Maintenance {
        id: "S1".to_owned(),
        start: None,
        until: Timestamp::UNIX_EPOCH,
        active: true,
        holds: vec!["risk|var".to_owned()],
        held: 1,
        by: "kim".to_owned(),
        reason: "new disk".to_owned(),
    }
}

fn verdicts() -> Vec<ChannelVerdict> {
    let one = |rule: Option<&str>, decision, reason| ChannelVerdict {
        channel: "slack".to_owned(),
        rule: rule.map(str::to_owned),
        decision,
        reason,
    };
    vec![
        one(None, "deliver", "new"),
        one(Some("risk"), "digest", ""),
        one(Some("risk"), "suppress", "cooldown"),
    ]
}

fn level(level: &str) -> LogLevelNow {
    LogLevelNow {
        level: level.to_owned(),
        lasts_seconds: None,
    }
}

fn report(session: Date) -> ReportDeliveries {
    let delivery = |state: &str, reason: Option<&str>| ReportDelivery {
        channel: "email".to_owned(),
        recipient: "ops@example.com".to_owned(),
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
    };
    ReportDeliveries {
        session,
        deliveries: vec![delivery("delivered", None), delivery("dead", Some("550"))],
    }
}

#[async_trait::async_trait]
impl ServiceDesk for Full {
    async fn snapshot(&self) -> Snapshot {
        FakeSource::new(|| Timestamp::UNIX_EPOCH).snapshot().await
    }

    async fn settings(&self) -> OpsResult<Vec<Setting>> {
        let setting = |value: Option<&str>| Setting {
            name: "DATABASE_URL".to_owned(),
            value: value.map(str::to_owned),
            set: value.is_some(),
            help: "the database".into(),
            group: "Monitoring".into(),
        };
        Ok(vec![setting(None), setting(Some("***"))])
    }
}

#[async_trait::async_trait]
impl MetricDesk for Full {
    async fn routes(&self) -> OpsResult<Vec<Route>> {
        Ok(vec![Route {
            method: "POST".to_owned(),
            endpoint: "/orders".to_owned(),
            http: Http {
                p99_ms: Figure::Known(12.5),
                ..Http::default()
            },
        }])
    }

    async fn calls(&self) -> OpsResult<Vec<Calls>> {
        Ok(vec![Calls {
            host: "broker.example".to_owned(),
            method: "GET".to_owned(),
            http: Http {
                in_flight: Figure::Known(2),
                ..Http::default()
            },
        }])
    }
}

#[async_trait::async_trait]
impl HealthDesk for Full {
    async fn details(&self) -> OpsResult<Value> {
        Ok(json!({ "service_name": "svc", "status": "healthy", "dependencies": [] }))
    }
}

#[async_trait::async_trait]
impl LogDesk for Full {
    async fn level(&self) -> OpsResult<LogLevelNow> {
        Ok(level("info"))
    }

    async fn set_level(&self, asked: &SetLogLevel) -> OpsResult<LogLevelNow> {
        Ok(LogLevelNow {
            lasts_seconds: asked.for_seconds,
            ..level(&asked.level)
        })
    }

    async fn lines(&self, query: &LogQuery) -> OpsResult<Vec<LogLine>> {
        let line = |id: Option<&str>| LogLine {
            at: Timestamp::UNIX_EPOCH,
            severity: LogSeverity::Error,
            logger: "orders".to_owned(),
            message: query.text.clone(),
            request_id: id.map(str::to_owned),
            trace_id: id.map(str::to_owned),
            place: id.map(str::to_owned),
            fields: vec![("symbol".to_owned(), "005930".to_owned())],
            raw: "{}".to_owned(),
        };
        Ok(vec![line(None), line(Some("r1"))])
    }
}

#[async_trait::async_trait]
impl AlertDesk for Full {
    async fn reload_config(&self) -> OpsResult<Reloaded> {
        Ok(Reloaded {
            file: "bongsu.toml".to_owned(),
            rules: 2,
            silences: 1,
            warnings: vec!["bongsu.toml:3:1: left out".to_owned()],
            needs_restart: vec!["checks".to_owned()],
        })
    }

    async fn firing(&self) -> OpsResult<Vec<FiringAlert>> {
        let quiet = FiringAlert {
            acknowledged_by: None,
            silenced_until: None,
            standing: Default::default(),
            detail: AlertDetail::default(),
            ..firing()
        };
        Ok(vec![firing(), quiet])
    }

    async fn history(&self, _: &AlertQuery) -> OpsResult<Vec<AlertRecord>> {
        let outcomes = [
            DeliveryOutcome::Pending(None),
            DeliveryOutcome::Delivered,
            DeliveryOutcome::Suppressed("cooldown".to_owned()),
            DeliveryOutcome::Digested,
            DeliveryOutcome::Dead("550".to_owned()),
        ];
        let deliveries = outcomes.map(|outcome| DeliveryRecord {
            id: "D1".to_owned(),
            channel: "slack".to_owned(),
            target: "#ops".to_owned(),
            outcome,
            attempts: 1,
            at: Some(Timestamp::UNIX_EPOCH),
        });
        let alert = firing();
        Ok(vec![AlertRecord {
            at: alert.since,
            key: alert.key,
            level: alert.level,
            title: alert.title,
            message: alert.message,
            source: alert.source,
            resolved: true,
            detail: alert.detail,
            deliveries: deliveries.into(),
        }])
    }

    async fn send(&self, asked: &NewAlert) -> OpsResult<Accepted> {
        Ok(Accepted {
            id: "01".to_owned(),
            key: asked.key.clone().unwrap_or_default(),
            deliveries: 2,
            channels: verdicts(),
        })
    }

    async fn explain(&self, asked: &NewAlert) -> OpsResult<Explained> {
        Ok(Explained {
            key: asked.key.clone().unwrap_or_default(),
            held: Some("silence".to_owned()),
            held_until: Some(Timestamp::UNIX_EPOCH),
            silences: vec!["S1".to_owned()],
            channels: verdicts(),
            cooldown_seconds: Some(900),
            escalations: vec![EscalationStep {
                after_seconds: 600,
                channels: vec!["pagerduty".to_owned()],
            }],
        })
    }

    async fn unacknowledge(&self, _: &AboutAlert) -> OpsResult<()> {
        Ok(())
    }

    async fn preview_silence(&self, _: &NewSilence) -> OpsResult<SilencePreview> {
        Ok(SilencePreview {
            matches: "source risk_manager".into(),
            holds: vec!["risk|var".to_owned()],
            held: 1,
        })
    }

    async fn acknowledge(&self, _: &AboutAlert) -> OpsResult<()> {
        Ok(())
    }

    async fn resolve(&self, _: &AboutAlert) -> OpsResult<usize> {
        Ok(1)
    }

    async fn silences(&self) -> OpsResult<Vec<ActiveSilence>> {
        Ok(vec![silence()])
    }

    async fn silence(&self, _: &NewSilence) -> OpsResult<ActiveSilence> {
        Ok(silence())
    }

    async fn maintenance(&self) -> OpsResult<MaintenanceNow> {
        Ok(MaintenanceNow {
            maintenance: Some(maintenance()),
        })
    }

    async fn maintain(&self, _: &NewMaintenance) -> OpsResult<Maintenance> {
        Ok(maintenance())
    }

    async fn preview_maintenance(&self, asked: &NewMaintenance) -> OpsResult<SilencePreview> {
        self.preview_silence(&asked.silence()).await
    }

    async fn end_maintenance(&self, _: &EndMaintenance) -> OpsResult<()> {
        Ok(())
    }

    async fn unsilence(&self, _: &EndSilence) -> OpsResult<()> {
        Ok(())
    }

    async fn channels(&self) -> OpsResult<Channels> {
        Ok(Channels {
            channels: vec![ChannelState::default()],
            oldest_pending_seconds: Some(1.5),
            ..Channels::default()
        })
    }

    async fn test_channel(&self, channel: &str) -> OpsResult<Tested> {
        Ok(Tested {
            channel: channel.to_owned(),
            outcome: "delivered".to_owned(),
        })
    }

    async fn replay(&self, _: &Replay) -> OpsResult<usize> {
        Ok(0)
    }
}

#[async_trait::async_trait]
impl RuleDesk for Full {
    async fn rules(&self) -> OpsResult<Rules> {
        let alert = |state, firing_since| RuleAlert {
            labels: [("alertname".to_owned(), "Down".to_owned())].into(),
            value: "NaN".to_owned(),
            state,
            since: Timestamp::UNIX_EPOCH,
            firing_since,
            summary: firing_since.map(|_| "down".to_owned()),
        };
        let fires = RuleSeen {
            active: vec![
                alert(RuleState::Firing, Some(Timestamp::UNIX_EPOCH)),
                alert(RuleState::Pending, None),
            ],
            error: Some("many-to-many matching".to_owned()),
            state: RuleState::Firing,
            ..RuleSeen::new("Down", RuleKind::Alert, "up == 0")
        };
        let group = |last_evaluation, rules| RuleGroup {
            last_evaluation,
            rules,
            ..RuleGroup::default()
        };
        let records = RuleSeen::new("job:up", RuleKind::Record, "sum(up)");
        Ok(Rules {
            groups: vec![
                group(Some(Timestamp::UNIX_EPOCH), vec![fires]),
                group(None, vec![records]),
            ],
            memory: RuleMemory::default(),
        })
    }

    async fn figure(&self, query: &RuleFigureQuery) -> OpsResult<Option<RuleFigure>> {
        assert_eq!((&*query.name, query.columns), ("Down", 120));
        assert_eq!(query.labels["symbol"], "005930");
        Ok(Some(RuleFigure {
            expression: "up == 0".to_owned(),
            measured: vec![(query.since, 1.0), (query.until, f64::NAN)],
            limit: vec![(query.until, 0.0)],
        }))
    }

    async fn reload(&self) -> OpsResult<Reloaded> {
        Ok(Reloaded {
            file: "shipped".to_owned(),
            rules: 2,
            silences: 0,
            warnings: Vec::new(),
            needs_restart: Vec::new(),
        })
    }
}

#[async_trait::async_trait]
impl ReportDesk for Full {
    async fn rebuild(&self, asked: &RebuildReports) -> OpsResult<Rebuilt> {
        Ok(Rebuilt {
            from: asked.from,
            rows: 3,
        })
    }

    async fn archive(&self) -> OpsResult<Vec<ReportEntry>> {
        let entry = |problem: Option<&str>| ReportEntry {
            session: bongsu_ops::date("2026-05-28").unwrap(),
            at: problem.map(|_| Timestamp::UNIX_EPOCH),
            deliveries: vec![("ops@example.com".to_owned(), "delivered".to_owned())],
            problem: problem.map(str::to_owned),
            page: problem.is_none(),
        };
        Ok(vec![entry(None), entry(Some("no price"))])
    }

    async fn preview(&self, _: Date, _: ReportForm) -> OpsResult<String> {
        Ok("<html></html>".to_owned())
    }

    async fn deliveries(&self, session: Date) -> OpsResult<ReportDeliveries> {
        Ok(report(session))
    }

    async fn resend(&self, session: Date) -> OpsResult<ReportDeliveries> {
        Ok(report(session))
    }
}

/// What is wrong with a value, as far as the schemas of this description say.
fn wrong(description: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = description.pointer(name.trim_start_matches('#'));
        return wrong(description, schema.unwrap(), value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let each = choices
            .iter()
            .map(|schema| wrong(description, schema, value, at));
        return each.min_by_key(Vec::len).unwrap();
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::String(kind) => vec![kind.as_str()],
        _ => panic!("{at}: a schema without a type: {schema}"),
    };
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{at}: {other} is no type"),
    };
    if !kinds.into_iter().any(is) {
        return vec![format!("{at}: {value} is not {}", schema["type"])];
    }
    let mut found = Vec::new();
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        found.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => {
                found.extend(wrong(description, schema, value, &format!("{at}.{name}")))
            }
            None if schema["additionalProperties"] == false => {
                found.push(format!("{at}.{name}: is not described"));
            }
            None => {}
        }
    }
    for value in value.as_array().into_iter().flatten() {
        found.extend(wrong(
            description,
            &schema["items"],
            value,
            &format!("{at}[]"),
        ));
    }
    found
}

async fn ask(app: &Router, method: &str, path: &str, body: Value) -> (StatusCode, String, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        kind,
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

#[tokio::test]
async fn every_answer_is_as_described() {
    let app: Router = admin_router(full(), OpsPolicy::open());
    let (status, kind, description) = ask(&app, "GET", "/admin/openapi.json", Value::Null).await;
    assert_eq!((status, &*kind), (StatusCode::OK, "application/json"));
    assert_eq!(description["openapi"], "3.1.0");
    let (_, _, index) = ask(&app, "GET", "/admin", Value::Null).await;
    let mut asked = 0;
    for operation in index["operations"].as_array().unwrap() {
        let (method, path) = operation.as_str().unwrap().split_once(' ').unwrap();
        let described = &description["paths"][path][method.to_lowercase()];
        let body = match path {
            "/admin/log-level" => json!({ "level": "debug", "for_seconds": 60, "by": "kim" }),
            "/admin/alerts" | "/admin/alerts/explain" => {
                json!({ "level": "error", "title": "t", "source": "s", "key": "k" })
            }
            "/admin/silences" => json!({ "key": "k", "for_seconds": 60, "by": "kim" }),
            "/admin/maintenance" | "/admin/maintenance/preview" => {
                json!({ "by": "kim", "comment": "new disk" })
            }
            "/admin/silences/preview" => json!({
                "max_level": "warning", "metadata": { "symbol": "005930" }, "by": "kim",
                "for_seconds": 31_622_400,
                "recurrence": { "weekly": { "days": ["sat"], "from": "02:00", "to": "04:00" } },
            }),
            "/admin/reports/rebuild" => json!({ "from": "2026-05-28" }),
            "/admin/alerts/replay" => json!({ "id": "01" }),
            _ => json!({ "key": "k", "by": "kim" }),
        };
        let schema = &described["requestBody"]["content"]["application/json"]["schema"];
        if let Some(name) = schema["$ref"].as_str()
            && !name.ends_with("Replay")
        {
            let found = wrong(&description, schema, &body, operation.as_str().unwrap());
            assert!(found.is_empty(), "{found:?}");
        }
        let at = path
            .replace("{id}", "S1?by=kim")
            .replace("{channel}", "slack");
        let at = match (method, path) {
            ("DELETE", "/admin/maintenance") => format!("{path}?by=kim"),
            (_, "/admin/rules/figure") => format!(
                "{path}?rule=Down&symbol=005930&since=2026-05-28T00:00:00Z&until=2026-05-28T01:00:00Z"
            ),
            (_, "/admin/logs") => format!("{path}?level=error&text=refused&field=symbol=005930"),
            _ => at,
        };
        let at = at.replace("{date}", "2026-05-28");
        let (status, _, answer) = ask(&app, method, &at, body).await;
        assert_eq!(status, StatusCode::OK, "{operation}: {answer}");
        let schema = &described["responses"]["200"]["content"]["application/json"]["schema"];
        if schema.is_object() {
            let found = wrong(&description, schema, &answer, operation.as_str().unwrap());
            assert!(found.is_empty(), "{found:?}");
            asked += 1;
        }
    }
    assert!(asked >= 34, "{asked} of {index}");
    // And where nothing is known.
    let bare = Snapshot::new(Timestamp::UNIX_EPOCH, Service::default());
    let schema = json!({ "$ref": "#/components/schemas/Overview" });
    let found = wrong(
        &description,
        &schema,
        &serde_json::to_value(bare).unwrap(),
        "a bare overview",
    );
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn a_refusal_is_as_described_too() {
    let app: Router = admin_router(full(), OpsPolicy::open());
    let description: Value = serde_json::from_str(bongsu_ops::openapi()).unwrap();
    let schema = json!({ "$ref": "#/components/schemas/Error" });
    for (method, path, body) in [
        (
            "POST",
            "/admin/silences",
            json!({ "for_seconds": 60, "by": "kim" }),
        ),
        (
            "POST",
            "/admin/silences",
            json!({ "key": "k", "for_seconds": 2_592_001, "by": "kim" }),
        ),
        ("POST", "/admin/alerts/unacknowledge", json!({ "key": "k" })),
        ("POST", "/admin/alerts/resolve", json!({ "by": "kim" })),
        (
            "POST",
            "/admin/silences/preview",
            json!({ "key": "k", "by": "kim" }),
        ),
        (
            "POST",
            "/admin/reports/rebuild",
            json!({ "from": "yesterday" }),
        ),
        ("DELETE", "/admin/silences/S1", Value::Null),
        ("DELETE", "/admin/maintenance", Value::Null),
        ("POST", "/admin/maintenance", json!({ "comment": "c" })),
        (
            "POST",
            "/admin/maintenance",
            json!({ "by": "kim", "end": "soon" }),
        ),
        (
            "POST",
            "/admin/alerts",
            json!({ "level": "loud", "title": "t", "source": "s" }),
        ),
        (
            "POST",
            "/admin/alerts",
            json!({ "level": "info", "title": " ", "source": "s" }),
        ),
        ("GET", "/admin/reports/yesterday", Value::Null),
        ("GET", "/admin/logs?level=loud", Value::Null),
        ("GET", "/admin/logs?since=yesterday", Value::Null),
        ("GET", "/admin/logs?limt=5", Value::Null),
        ("GET", "/admin/rules/figure?rule=Down", Value::Null),
        (
            "GET",
            "/admin/rules/figure?rule=Down&since=2026-05-28T01:00:00Z&until=2026-05-28T00:00:00Z",
            Value::Null,
        ),
    ] {
        let (status, _, answer) = ask(&app, method, path, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{method} {path}: {answer}");
        assert_eq!(
            wrong(&description, &schema, &answer, path),
            Vec::<String>::new()
        );
    }
}
