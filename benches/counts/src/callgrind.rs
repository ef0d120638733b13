//! Instructions, counted by callgrind: this program is run once more under it, and what it counted is read.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};

/// Operations that are counted.
pub const COUNTED: usize = 2_000;

/// Runs an operation [`COUNTED`] times after as many times to warm it. The parent finds it by its name: it must
/// be a function that is not inlined.
pub fn count<S>(run: fn(&S, usize), state: &S) {
    black_box(run)(state, COUNTED);
    counted_call(run, state);
}

/// Out of line, and called for this alone: callgrind tells what the calls from here cost.
#[inline(never)]
fn counted_call<S>(run: fn(&S, usize), state: &S) {
    black_box(run)(state, COUNTED);
    black_box(COUNTED);
}

/// Whether there is a valgrind to ask.
pub fn there() -> bool {
    let mut valgrind = Command::new("valgrind");
    let said = valgrind.arg("--version").stdout(Stdio::null()).status();
    said.is_ok_and(|status| status.success())
}

/// What a run of this program in `mode` cost.
pub struct Counts {
    /// By function, of what was counted by [`count`].
    pub functions: HashMap<String, f64>,
    /// Of the whole process.
    pub total: f64,
}

pub fn run(mode: &str, dir: &Path) -> Counts {
    let out = dir.join("callgrind.out");
    let own = std::env::current_exe().expect("this program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--compress-strings=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(own)
        .arg(mode)
        // Whatever the processor has, the C library copies and compares by the same instructions. Names of
        // two generations of it; those that it does not know it leaves.
        .env(
            "GLIBC_TUNABLES",
            "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-EVEX,-AVX512F",
        )
        .output()
        .expect("valgrind");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read_to_string(out).expect("callgrind's figures");
    read(&text)
}

/// Callgrind's own format: `fn=` begins a function, `cfn=` names one that it calls, `calls=` is followed by a
/// line of the place and what the calls cost.
fn read(text: &str) -> Counts {
    let mut counts = Counts {
        functions: HashMap::new(),
        total: 0.0,
    };
    let (mut counted, mut callee, mut calls) = (false, "", false);
    for line in text.lines() {
        if std::mem::take(&mut calls) {
            let cost = line.split(' ').nth(1).and_then(|n| n.parse::<f64>().ok());
            if counted && let Some(cost) = cost {
                let name = name(callee);
                *counts.functions.entry(name.to_owned()).or_default() += cost / COUNTED as f64;
            }
        } else if let Some(name) = line.strip_prefix("fn=") {
            counted = name.contains("counted_call");
        } else if let Some(name) = line.strip_prefix("cfn=") {
            callee = name;
        } else if let Some(total) = line.strip_prefix("summary: ") {
            counts.total = total.trim().parse().unwrap_or_default();
        }
        calls = line.starts_with("calls=");
    }
    counts
}

/// The last word of `path::name` or `path::name::h0123456789abcdef`.
fn name(path: &str) -> &str {
    let hash = |word: &str| word.len() == 17 && word.starts_with('h');
    let mut words = path.rsplit("::").filter(|word| !hash(word));
    words.next().unwrap_or_default()
}
