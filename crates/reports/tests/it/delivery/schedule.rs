//! On time, late, and not at all.

use bongsu_reports::calendar::Krx;
use bongsu_reports::schedule::Schedule;
use bongsu_reports::store::SqliteStore;
use bongsu_reports::summary::PeriodKind;
use bongsu_reports::{MemoryStore, ReportEvent};
use jiff::SignedDuration;
use jiff::civil::{date, time};

use super::*;
use crate::month::DAY;
use crate::support::Month;

#[test]
fn on_time_and_once() {
    paused(async {
        let month = Month::new();
        let inbox = Inbox::new();
        let log = Log::default();
        let start = evening(DAY) - SignedDuration::from_mins(30);
        let generator = builder(month.source(), start)
            .sink(inbox.clone())
            .observer(log.listener())
            .build()
            .unwrap();
        run_for(&generator, Duration::from_secs(29 * 60)).await;
        assert_eq!(inbox.count(), 0);
        run_for(&generator, Duration::from_secs(3 * 60)).await;
        assert_eq!(inbox.messages().len(), 1);
        let (id, text) = inbox.messages().remove(0);
        assert_eq!(text, DAY_TEXT);
        assert!(id.starts_with("daily.2026-05-28.r0."), "{id}");
        // The next day's comes, and nothing else until then.
        run_for(&generator, Duration::from_secs(24 * 3_600)).await;
        assert_eq!(inbox.count(), 2);
        // Nothing over the weekend.
        run_for(&generator, Duration::from_secs(60 * 3_600)).await;
        assert_eq!(inbox.count(), 2);
        assert_eq!(
            log.count(|event| matches!(event, ReportEvent::Completed { .. })),
            2
        );
        assert_eq!(
            log.count(|event| matches!(event, ReportEvent::Failed { .. })),
            0
        );
    });
}

#[test]
fn missed_sessions_are_caught_up_late_and_bounded() {
    paused(async {
        let month = Month::new();
        let memory = MemoryStore::new();
        let store = || memory.clone();
        let inbox = Inbox::new();
        // It runs once on the 21st and is then down until the 28th, past midnight.
        let first = builder(
            month.source(),
            evening(date(2026, 5, 21)) - SignedDuration::from_mins(1),
        )
        .store(store())
        .sink(inbox.clone())
        .build()
        .unwrap();
        run_for(&first, Duration::from_secs(120)).await;
        assert_eq!(inbox.count(), 1);
        let log = Log::default();
        let second = builder(month.source(), evening(DAY) + SignedDuration::from_hours(5))
            .store(store())
            .sink(inbox.clone())
            .observer(log.listener())
            .catch_up(3)
            .build()
            .unwrap();
        run_for(&second, Duration::from_secs(600)).await;
        let texts: Vec<String> = inbox.messages()[1..]
            .iter()
            .map(|(_, text)| text[..27].into())
            .collect();
        // The 22nd, 26th, 27th and 28th were sessions, the 25th was a holiday; three are the bound.
        assert_eq!(
            texts,
            [
                "2026-05-26 r0 late=true ok=",
                "2026-05-27 r0 late=true ok=",
                "2026-05-28 r0 late=true ok="
            ]
        );
        let skipped = log.0.lock().unwrap().iter().find_map(|event| match event {
            ReportEvent::Skipped { sessions } => Some(sessions.clone()),
            _ => None,
        });
        assert_eq!(skipped, Some(vec![date(2026, 5, 22)]));
        assert_eq!(
            log.count(|event| matches!(event, ReportEvent::Skipped { .. })),
            1
        );
    });
}

/// The 29th is the last session of its week and of its month: both reports come then, each at its own
/// time and once, also where the service starts anew.
#[test]
fn longer_reports_come_on_their_last_session_and_once() {
    paused(async {
        let month = Month::new();
        let inbox = Inbox::new();
        let memory = MemoryStore::new();
        let from = |start| {
            builder(month.source(), start)
                .store(memory.clone())
                .sink(inbox.clone())
                .periodic(PeriodKind::Week, Schedule::daily(time(20, 30, 0, 0)))
                .periodic(PeriodKind::Month, Schedule::daily(time(21, 0, 0, 0)))
                .periodic(PeriodKind::Year, Schedule::daily(time(21, 30, 0, 0)))
                .build()
                .unwrap()
        };
        let start = evening(DAY) - SignedDuration::from_mins(5);
        let generator = from(start);
        let came = || -> Vec<String> {
            let messages = inbox.messages();
            let names = messages
                .iter()
                .map(|(id, _)| id.split(".r0").next().unwrap().to_owned());
            names.collect()
        };
        run_for(&generator, Duration::from_secs(24 * 3_600)).await;
        assert_eq!(came(), ["daily.2026-05-28"]);
        run_for(&generator, Duration::from_secs(20 * 60)).await;
        assert_eq!(came()[1..], ["daily.2026-05-29"]);
        run_for(&generator, Duration::from_secs(3_600)).await;
        assert_eq!(came()[2..], ["weekly.2026-05-29", "monthly.2026-05-29"]);
        let again = from(start + SignedDuration::from_hours(27));
        run_for(&again, Duration::from_secs(48 * 3_600)).await;
        assert_eq!(came().len(), 4, "{:?}", came());
    });
}

/// Two services that remember in one database: each sends its own report, and each history is its own.
#[test]
fn two_services_of_one_store_send_their_own() {
    paused(async {
        let month = Month::new();
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::new(folder.path().join("reports.db"));
        let inboxes = [Inbox::new(), Inbox::new()];
        let services = [("paper", &inboxes[0]), ("live", &inboxes[1])].map(|(name, inbox)| {
            builder(month.source(), evening(DAY) - SignedDuration::from_mins(1))
                .service(name, "test")
                .store(store.clone())
                .sink(inbox.clone())
                .build()
                .unwrap()
        });
        let [paper, live] = &services;
        let minutes = Duration::from_secs(600);
        tokio::join!(run_for(paper, minutes), run_for(live, minutes));
        assert_eq!((inboxes[0].count(), inboxes[1].count()), (1, 1));
        for service in &services {
            let told = service.deliveries(DAY).await.unwrap().deliveries;
            assert_eq!(told.len(), 1, "{told:?}");
        }
    });
}

#[test]
fn a_temporary_holiday_is_skipped() {
    paused(async {
        let month = Month::new();
        let inbox = Inbox::new();
        let generator = builder(month.source(), evening(DAY) - SignedDuration::from_mins(5))
            .calendar(Krx::new().close(DAY, "temporary holiday"))
            .sink(inbox.clone())
            .build()
            .unwrap();
        run_for(&generator, Duration::from_secs(3_600)).await;
        assert_eq!(inbox.count(), 0);
        run_for(&generator, Duration::from_secs(24 * 3_600)).await;
        assert_eq!(inbox.count(), 1);
    });
}
