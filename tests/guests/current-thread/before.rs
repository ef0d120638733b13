//! A service on one thread, with an allocator of its own and a handler that takes Ctrl-C for itself.

use axum::{Router, routing::get};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    note_ctrl_c();
    let app = Router::new().route("/orders", get(|| async { "none" }));
    let listener = TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, app).await
}

/// In place of whatever handled the signal before, as the crate `ctrlc` does it.
fn note_ctrl_c() {
    extern "C" fn note(_: libc::c_int) {
        let text = b"own handler\n";
        // SAFETY: `write` may be called in a handler of signals, and the text is there.
        unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
    }
    let note: extern "C" fn(libc::c_int) = note;
    // SAFETY: the handler is a function of the kind that is asked for.
    unsafe { libc::signal(libc::SIGINT, note as libc::sighandler_t) };
}
