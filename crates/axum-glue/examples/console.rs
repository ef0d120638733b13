//! The ops console with made-up figures: `cargo run -p bongsu-axum-glue --features console
//! --example console`, then <http://127.0.0.1:8090/console>.

use std::sync::Arc;

use bongsu_axum_glue::{ConsoleOptions, OpsPolicy, ServeOptions, console_router, serve};
use bongsu_console::testing::FakeSource;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
async fn main() -> std::io::Result<()> {
    let source = Arc::new(FakeSource::new(jiff::Timestamp::now));
    let (app, publisher) = console_router(
        source.operator(),
        source.memory(),
        OpsPolicy::loopback(),
        ConsoleOptions::default(),
    );
    let listener = TcpListener::bind("127.0.0.1:8090").await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
        // The live pages' streams end with the publisher.
        drop(stop);
    };
    let served = serve(
        vec![(listener, app)],
        ServeOptions::default(),
        interrupted,
        || {},
    );
    let published = async {
        tokio::select! {
            () = publisher.run() => {}
            _ = stopped => {}
        }
    };
    tokio::join!(served, published);
    Ok(())
}
