//! Channels, sources and processes that fail.

use bongsu_reports::deliver::{Claim, DeliveryKey, DeliveryState};
use bongsu_reports::{MemoryStore, ReportEvent, ReportStore, SinkError};
use jiff::SignedDuration;

use super::*;
use crate::month::DAY;
use crate::support::Month;

#[test]
fn a_mail_server_down_for_hours() {
    paused(async {
        let month = Month::new();
        let end = tokio::time::Instant::now() + Duration::from_secs(5 * 3_600);
        let inbox = Inbox::answering(move |_| {
            if tokio::time::Instant::now() < end {
                return Err(SinkError::Transient {
                    reason: "connection refused".into(),
                    retry_after: None,
                });
            }
            Ok(())
        });
        let generator = builder(month.source(), evening(DAY) - SignedDuration::from_mins(5))
            .sink(inbox.clone())
            .build()
            .unwrap();
        run_for(&generator, Duration::from_secs(4 * 3_600)).await;
        assert_eq!(inbox.count(), 0);
        let tried = inbox.calls();
        assert!((8..=14).contains(&tried), "{tried} attempts in four hours");
        run_for(&generator, Duration::from_secs(2 * 3_600)).await;
        assert_eq!(inbox.messages().len(), 1);
        // The same report as was made at ten past eight, under the same id.
        assert_eq!(inbox.messages()[0].1, DAY_TEXT);
        let rows = generator.deliveries(DAY).await.unwrap();
        assert!(rows.all_delivered(), "{rows:?}");
    });
}

#[test]
fn a_channel_that_refuses_or_hangs_is_told_and_not_tried_again() {
    fn check(inbox: Inbox, expected: DeliveryState) {
        paused(async move {
            let month = Month::new();
            let log = Log::default();
            let generator = builder(month.source(), evening(DAY) - SignedDuration::from_mins(5))
                .sink(inbox.clone())
                .observer(log.listener())
                .build()
                .unwrap();
            run_for(&generator, Duration::from_secs(6 * 3_600)).await;
            let rows = generator.deliveries(DAY).await.unwrap();
            assert_eq!(rows.deliveries[0].state, expected, "{rows:?}");
            assert_eq!(inbox.calls(), 1);
            assert_eq!(
                log.count(|event| matches!(event, ReportEvent::Undelivered { .. })),
                1
            );
            assert_eq!(
                log.count(|event| matches!(event, ReportEvent::Completed { .. })),
                0
            );
        });
    }
    check(
        Inbox::answering(|_| {
            Err(SinkError::Permanent {
                reason: "550 no such user".into(),
            })
        }),
        DeliveryState::Failed,
    );
    let hanging = Inbox {
        hang: true,
        ..Inbox::new()
    };
    check(hanging, DeliveryState::Unknown);
}

/// A crash before the channel is called sends it later, one after it never does by itself.
#[test]
fn a_crash_at_each_step() {
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Crash {
        AfterKeeping,
        AfterClaiming,
        WhileSending,
    }
    fn check(crash: Crash, expected: DeliveryState, messages: usize) {
        paused(async move {
            let month = Month::new();
            let store = MemoryStore::new();
            let due = evening(DAY);
            store
                .baseline(
                    "daily@trading-engine/test",
                    due - SignedDuration::from_hours(1),
                )
                .await
                .unwrap();
            // The first process: it gets as far as the crash.
            let first = builder(month.source(), due)
                .store(store.clone())
                .build()
                .unwrap();
            let summary = first.generate_daily_summary(DAY).await.unwrap();
            first.send_daily_report(&summary).await; // no sink yet: it is only kept
            let key = DeliveryKey {
                report: "daily@trading-engine/test".into(),
                session: DAY,
                revision: 0,
                channel: "email".into(),
                recipient: "desk@example.com".into(),
            };
            let lease = due + SignedDuration::from_mins(2);
            if crash != Crash::AfterKeeping {
                let claim = store.claim(&key, "m", "dead", due, lease).await.unwrap();
                assert!(matches!(claim, Claim::Granted { .. }), "{claim:?}");
            }
            if crash == Crash::WhileSending {
                assert!(store.sending(&key, "dead", due).await.unwrap());
            }
            // The second process, at once.
            let inbox = Inbox::new();
            let log = Log::default();
            let second = builder(month.source(), due + SignedDuration::from_secs(5))
                .store(store.clone())
                .sink(inbox.clone())
                .observer(log.listener())
                .build()
                .unwrap();
            run_for(&second, Duration::from_secs(60)).await;
            let early = usize::from(crash == Crash::AfterKeeping);
            assert_eq!(
                inbox.count(),
                early,
                "{crash:?}: the dead one's lease still holds"
            );
            run_for(&second, Duration::from_secs(3_600)).await;
            let rows = second.deliveries(DAY).await.unwrap();
            assert_eq!(rows.deliveries[0].state, expected, "{crash:?}");
            assert_eq!(inbox.count(), messages, "{crash:?}");
            let told = log.count(|event| matches!(event, ReportEvent::Undelivered { .. }));
            assert_eq!(
                told,
                usize::from(expected == DeliveryState::Unknown),
                "{crash:?}"
            );
            // On request it goes out, under another id.
            second.resend(DAY).await.unwrap();
            assert_eq!(inbox.count(), messages + 1, "{crash:?}");
            let ids: Vec<_> = inbox.messages().into_iter().map(|(id, _)| id).collect();
            assert!(ids.last().unwrap().starts_with("again"), "{ids:?}");
        });
    }
    check(Crash::AfterKeeping, DeliveryState::Delivered, 1);
    check(Crash::AfterClaiming, DeliveryState::Delivered, 1);
    check(Crash::WhileSending, DeliveryState::Unknown, 0);
}

/// A source that cannot be read is told at once, then reported without a figure, then made good.
#[test]
fn a_source_that_is_gone_gives_a_report_that_says_so() {
    paused(async {
        let month = Month::new();
        let hidden = month.path.with_extension("hidden");
        std::fs::rename(&month.path, &hidden).unwrap();
        let inbox = Inbox::new();
        let log = Log::default();
        let generator = builder(month.source(), evening(DAY) - SignedDuration::from_mins(5))
            .sink(inbox.clone())
            .observer(log.listener())
            .build()
            .unwrap();
        run_for(&generator, Duration::from_secs(20 * 60)).await;
        assert_eq!(inbox.count(), 0, "it is still patient");
        assert_eq!(
            log.count(|event| matches!(event, ReportEvent::Failed { .. })),
            1
        );
        run_for(&generator, Duration::from_secs(60 * 60)).await;
        let texts = |inbox: &Inbox| -> Vec<String> {
            inbox.messages().into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(
            texts(&inbox),
            ["2026-05-28 r0 late=true ok=false realised=None"]
        );
        std::fs::rename(&hidden, &month.path).unwrap();
        run_for(&generator, Duration::from_secs(10 * 60)).await;
        assert_eq!(
            texts(&inbox)[1..],
            ["2026-05-28 r1 late=true ok=true realised=Some(\"-437085\")"]
        );
        run_for(&generator, Duration::from_secs(3_600)).await;
        assert_eq!(inbox.count(), 2);
    });
}

/// A shutdown in the middle of a delivery waits for it.
#[test]
fn a_shutdown_finishes_what_is_being_sent() {
    paused(async {
        let month = Month::new();
        let inbox = Inbox {
            slow: Duration::from_secs(30),
            ..Inbox::new()
        };
        let generator = builder(month.source(), evening(DAY) - SignedDuration::from_secs(10))
            .sink(inbox.clone())
            .build()
            .unwrap();
        let begun = tokio::time::Instant::now();
        generator
            .run_until(tokio::time::sleep(Duration::from_secs(20)))
            .await;
        let took = begun.elapsed();
        assert!((40..45).contains(&took.as_secs()), "{took:?}");
        assert_eq!(inbox.count(), 1);
        assert!(generator.deliveries(DAY).await.unwrap().all_delivered());
    });
}

/// The channels are exchanged between two evenings; those of another name, and what was sent, stay.
#[test]
fn channels_are_exchanged_while_the_schedule_runs() {
    paused(async {
        let month = Month::new();
        let (old, new) = (Inbox::new(), Inbox::new());
        let generator = builder(month.source(), evening(DAY) - SignedDuration::from_mins(5))
            .sink(old.clone())
            .build()
            .unwrap();
        let error = generator.exchange_sinks(&[], [new.clone()]).unwrap_err();
        assert!(
            error.to_string().contains("two channels are named"),
            "{error}"
        );
        generator
            .exchange_sinks(&["email".to_owned()], [new.clone()])
            .unwrap();
        run_for(&generator, Duration::from_secs(3_600)).await;
        assert_eq!((old.count(), new.count()), (0, 1));
        // The first one again: the report has reached its recipient already.
        generator
            .exchange_sinks(&["email".to_owned()], [old.clone()])
            .unwrap();
        run_for(&generator, Duration::from_secs(3_600)).await;
        assert_eq!((old.count(), new.count()), (0, 1));
    });
}
