//! What can be counted and not only timed: instructions, allocations, bytes. The same wherever it is built for
//! one architecture, so that a rise is one of the code's. One line a figure: `figure <name> <count>`.
//!
//! Instructions are counted by callgrind; without valgrind those figures are missing, and a line says so.

mod alloc;
mod axum;
mod callgrind;
mod console;
mod logging;
mod metrics;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn figure(name: &str, count: f64) {
    println!("figure {name} {}", (count * 1_000.0).round() / 1_000.0);
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("counted") => {
            metrics::under_callgrind();
            logging::under_callgrind();
            axum::under_callgrind();
        }
        Some("lines") => logging::lines(1),
        Some("more-lines") => logging::lines(2),
        _ => {
            metrics::figures();
            logging::figures();
            axum::figures();
            console::figures();
            instructions();
        }
    }
}

fn instructions() {
    if !callgrind::there() {
        println!("missing valgrind: no instructions are counted (Debian package `valgrind`)");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let counts = callgrind::run("counted", dir.path());
    let of = |function: &str| match counts.functions.get(function) {
        Some(count) => *count,
        None => panic!("callgrind did not see {function}: {:?}", counts.functions),
    };
    for (area, functions) in [
        ("metrics", &metrics::FUNCTIONS[..]),
        ("logging", &logging::FUNCTIONS),
    ] {
        for (function, operations) in functions {
            figure(
                &format!("{area}_{function}_instructions"),
                of(function) / operations,
            );
        }
    }
    let added = of("watched_request") - of("bare_request");
    figure("axum_request_instructions_added", added);
    let [lines, more] = ["lines", "more-lines"].map(|mode| callgrind::run(mode, dir.path()).total);
    figure(
        "logging_event_total_instructions",
        (more - lines) / logging::LINES as f64,
    );
}
