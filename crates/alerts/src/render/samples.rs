//! Notifications that every renderer is tried on.

use jiff::Timestamp;
use serde_json::json;

use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::{AlertStatus, DigestLine, Notification};

pub(crate) const ID: &str = "01JD0000000000000000000000";

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_763_800_000 + seconds).unwrap()
}

pub(crate) fn notification(alert: Alert, status: AlertStatus) -> Notification {
    let mut alert = alert.timestamp(at(0));
    alert.id = "01JA0000000000000000000000".to_owned();
    Notification::new(alert, status, "trading-engine", "production").delivery_id(ID)
}

/// Korean, as users write it.
pub(crate) fn korean() -> Notification {
    notification(
        Alert::new(
            AlertLevel::Critical,
            "거래 중단: 위험 한도 초과",
            "일일 손실이 한도를 넘었습니다.\n모든 주문을 멈춥니다.",
            "risk_manager",
        )
        .metadata("손실률", json!(-3.25))
        .metadata("종목", "005930 삼성전자")
        .tag("trading_halt")
        .tag("critical"),
        AlertStatus::Firing,
    )
}

/// Markup, mentions, header injection, control and direction characters.
pub(crate) fn hostile() -> Notification {
    let mut n = notification(
        Alert::new(
            AlertLevel::Error,
            "<script>alert(1)</script>\r\nBcc: thief@example.com",
            "<!channel> <@U123> @everyone [x](http://evil) *b* _i_ `c` & \"q\" 'a'\u{202e}txt.exe\u{0}\u{1b}[31m",
            "a|b\n\"c\"",
        )
        .metadata("<k>&", json!({"a": "<b>"}))
        .metadata("list", json!([1, "두"]))
        .tag("<t>"),
        AlertStatus::Firing,
    );
    n.suppressed = 12;
    n
}

/// More of everything than any channel takes.
pub(crate) fn huge() -> Notification {
    let mut alert = Alert::new(
        AlertLevel::Warning,
        "경보".repeat(5_000),
        "한글 & <b> 😀 ".repeat(20_000),
        "소스".repeat(2_000),
    );
    for i in 0..400 {
        alert = alert.metadata(
            format!("이름 {i} {}", "n".repeat(300)),
            "값 <&> ".repeat(500),
        );
        alert = alert.tag(format!("꼬리표-{i}"));
    }
    notification(alert, AlertStatus::Firing)
}

/// Thirty lines in one message.
pub(crate) fn digest() -> Notification {
    let mut n = notification(
        Alert::new(AlertLevel::Error, "30 alerts in 60 s", "", "bongsu"),
        AlertStatus::Digest,
    );
    n.digest = (0..30)
        .map(|i| DigestLine {
            level: AlertLevel::from_index(3 - (i as usize) % 4),
            title: format!("주문 거절 <{i}>"),
            source: "order_router".to_owned(),
            count: i + 1,
            first: at(0),
            last: at(i as i64),
            ended: None,
        })
        .collect();
    n
}

pub(crate) fn resolved() -> Notification {
    notification(
        Alert::new(
            AlertLevel::Warning,
            "High CPU Usage",
            "back to 41 %",
            "resource_monitor",
        )
        .key("resource/cpu"),
        AlertStatus::Resolved,
    )
}
