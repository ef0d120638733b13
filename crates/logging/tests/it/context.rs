//! What a line says of what lies around it.

use bongsu_logging::{Capture, LogContext};
use serde_json::json;
use tracing::{field, info, info_span};

use crate::lines::{config, logged, parse};

#[tokio::test]
async fn context_crosses_awaits_and_spawns() {
    let capture = Capture::new();
    let (layer, _guard) = config(&capture).build().unwrap().into_layer();
    use tracing_subscriber::layer::SubscriberExt;
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    LogContext::new()
        .request_id("r-1")
        .trace_id("t")
        .scope(async {
            info!("before");
            tokio::task::yield_now().await;
            bongsu_logging::set_user_id("kim");
            info!(request_id = "own", "after");
            let span = info_span!("work", job = 5, user_id = "span");
            let task = {
                let _in = span.enter();
                bongsu_logging::in_current_context(async {
                    info!("spawned");
                    bongsu_logging::set_session_id("inner");
                })
            };
            tokio::spawn(task).await.unwrap();
            assert_eq!(LogContext::current().unwrap().session_id, None);
        })
        .await;
    info!("outside");
    let lines = parse(&capture);
    assert_eq!(
        (&lines[0]["request_id"], &lines[0]["trace_id"]),
        (&json!("r-1"), &json!("t"))
    );
    assert!(lines[0].get("user_id").is_none());
    assert_eq!(
        (&lines[1]["request_id"], &lines[1]["user_id"]),
        (&json!("own"), &json!("kim"))
    );
    assert_eq!(
        (&lines[2]["request_id"], &lines[2]["job"]),
        (&json!("r-1"), &json!(5))
    );
    assert_eq!(lines[2]["user_id"], "kim");
    assert!(lines[3].get("request_id").is_none());
}

/// A WebSocket's handler, a thread of its own, a task: all that a request's ids would be lost on.
#[tokio::test]
async fn context_goes_where_it_is_carried() {
    use bongsu_logging::{
        HeldContext, Propagation, TraceParent, propagation, with_current_context,
    };
    let capture = Capture::new();
    let (layer, _guard) = config(&capture).build().unwrap().into_layer();
    use tracing_subscriber::layer::SubscriberExt;
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let mut trace = Propagation::new(TraceParent::new(7, 8, false));
    trace.state = Some("vendor=1".into());
    let (mut blocking, handler, task) = HeldContext::of_call("r-9", trace.clone()).within(|| {
        bongsu_logging::set_user_id("kim");
        let _span = info_span!("upgrade", room = 3).entered();
        let handler = with_current_context(|name: &'static str| {
            info!(name, "called");
            async move {
                tokio::task::yield_now().await;
                info!(name, "handled");
                propagation()
            }
        });
        let task = bongsu_logging::in_current_context(async { propagation() });
        (HeldContext::current(), handler, task)
    });
    assert_eq!(propagation(), None);
    let passed = tokio::spawn(async move { handler("socket").await }).await;
    assert_eq!(passed.unwrap(), Some(trace.clone()));
    assert_eq!(tokio::spawn(task).await.unwrap(), Some(trace.clone()));
    blocking.within(|| {
        info!("blocking");
        assert_eq!(
            (propagation(), bongsu_logging::request_id()),
            (Some(trace), Some("r-9".into()))
        );
    });
    let lines = parse(&capture);
    assert_eq!(lines.len(), 3);
    for line in &lines {
        assert_eq!(
            (&line["request_id"], &line["user_id"]),
            (&json!("r-9"), &json!("kim")),
            "{line}"
        );
        assert_eq!(
            line["trace_id"], "00000000000000000000000000000007",
            "{line}"
        );
    }
    assert_eq!(
        (&lines[0]["room"], &lines[1]["room"]),
        (&json!(3), &json!(3))
    );
}

/// A field without a value hides nothing; one with a value does.
#[test]
fn what_an_event_does_not_say_is_said_around_it() {
    let nobody = None::<&str>;
    let lines = logged(|| {
        LogContext::new()
            .request_id("r-1")
            .user_id("kim")
            .sync_scope(|| {
                let _span = info_span!("order", symbol = "005930", side = "buy").entered();
                info!(user_id = nobody, symbol = nobody, "not said");
                info!(user_id = field::Empty, side = field::Empty, "empty");
                info!(user_id = Some("lee"), symbol = Some("000660"), "said");
            });
    });
    for line in &lines[..2] {
        assert_eq!(line["user_id"], "kim", "{line}");
        assert_eq!(line["symbol"], "005930", "{line}");
        assert_eq!(line["side"], "buy", "{line}");
    }
    assert_eq!(lines[2]["user_id"], "lee");
    assert_eq!(lines[2]["symbol"], "000660");
    assert!(lines.iter().all(|line| line["request_id"] == "r-1"));
}
