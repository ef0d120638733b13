//! Databases and caches.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bongsu_outgoing::Target;
use futures_util::future::poll_immediate;

use crate::watched;

#[tokio::test]
async fn queries_are_told_however_they_end() {
    let (outgoing, ends) = watched();
    let orders = outgoing.database("postgresql");
    assert_eq!(
        orders
            .query("SELECT", "orders", async { Ok::<_, ()>(7) })
            .await,
        Ok(7)
    );
    let table = format!("orders_{}", 2026);
    assert_eq!(
        orders
            .query("INSERT", table, async { Err::<(), _>("taken") })
            .await,
        Err("taken")
    );
    let waiting = orders.query("UPDATE", "orders", std::future::pending::<Result<(), ()>>());
    assert!(poll_immediate(waiting).await.is_none());
    assert_eq!(
        orders.query_blocking("DELETE", "orders", || Ok::<_, ()>(1)),
        Ok(1)
    );
    let panics =
        || orders.query_blocking("DROP", "orders", || -> Result<(), ()> { panic!("at it") });
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let wanted = [
        "SELECT orders success",
        "INSERT orders_2026 error",
        "UPDATE orders cancelled",
        "DELETE orders success",
        "DROP orders error",
    ];
    assert_eq!(ends.said(), wanted);
    let all = ends.all();
    assert!(all.iter().all(|end| end.parent == Some(0xb7)));
    assert_ne!(all[0].ids, all[1].ids, "each is a span of its own");
}

#[tokio::test]
async fn a_look_up_is_a_hit_a_miss_or_neither() {
    let (outgoing, _) = watched();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&seen);
    let outgoing = outgoing.on_end(move |end| {
        let Target::Cache { name, hit, .. } = end.target else {
            panic!("{end:?}")
        };
        told.lock()
            .unwrap()
            .push(format!("{name} {hit:?} {}", end.status));
    });
    let prices = outgoing.cache("prices");
    assert_eq!(prices.look_up(|| Some(71_000)), Some(71_000));
    assert_eq!(prices.look_up(|| None::<u64>), None);
    assert_eq!(
        prices.get(async { Ok::<_, ()>(Some(1)) }).await,
        Ok(Some(1))
    );
    assert_eq!(
        prices.get(async { Ok::<_, ()>(None::<u64>) }).await,
        Ok(None)
    );
    assert_eq!(
        prices.get(async { Err::<Option<u64>, _>("down") }).await,
        Err("down")
    );
    let wanted = [
        "prices Some(true) success",
        "prices Some(false) success",
        "prices Some(true) success",
        "prices Some(false) success",
        "prices None error",
    ];
    assert_eq!(*seen.lock().unwrap(), wanted);
}
