//! `cargo xtask bench [area]...`: the side-by-side benchmarks, and BENCHMARKS.md from them.
//! `--quick` counts only: see `counts.rs`.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use crate::{
    counts, readme,
    run::{Failure, cargo, output, root, say},
};

/// One area's figures, in the order in which they were printed.
type Figures = Vec<(String, String)>;

const FILE: &str = "BENCHMARKS.md";
const HEAD: &str = "# Benchmarks\n\n\
Figures of `cargo xtask bench`, as measured: peers in the same run, interleaved, medians.\n\
`x_vs_<peer>` is the peer's cost over ours: higher is better. `_vs_floor`, `_vs_static`, `_vs_bare`,\n\
`_vs_pushdown`, `_vs_raw_read`, `_vs_hashmap`, `_vs_healthy` and `_vs_no_console` are ours over theirs:\n\
lower is better (`throughput_vs_bare`, `_vs_fsync_floor`: higher is better).\n";

pub(crate) fn run_areas(args: &[String]) -> Result<(), Failure> {
    if let Some((first, rest)) = args.split_first()
        && first == "--quick"
    {
        return counts::quick(rest);
    }
    let areas = if args.is_empty() {
        all()?
    } else {
        args.to_vec()
    };
    let mut sections = sections();
    for area in areas {
        let manifest = root().join("benches").join(&area).join("Cargo.toml");
        if !manifest.exists() {
            return Err(Failure(format!(
                "no benchmark {area:?}; there are {}",
                all()?.join(", ")
            )));
        }
        say(&format!("== {area}"));
        let manifest = manifest.display().to_string();
        let load = load();
        let printed = output(&mut cargo([
            "run",
            "--release",
            "--quiet",
            "--manifest-path",
            &manifest,
        ]))?;
        say(printed.trim_end());
        sections.insert(area, section(&load, &figures(&printed)));
    }
    write(&sections)?;
    // The README quotes some of them.
    readme::write()
}

/// Every folder under benches/ that is a package, but the one that only counts.
fn all() -> Result<Vec<String>, Failure> {
    let mut areas = Vec::new();
    for entry in fs::read_dir(root().join("benches"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").exists() {
            areas.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    areas.retain(|area| area != "counts");
    areas.sort();
    Ok(areas)
}

/// The lines `figure <name> <value>`.
fn figures(printed: &str) -> Figures {
    let lines = printed
        .lines()
        .filter_map(|line| line.strip_prefix("figure "));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

fn section(load: &str, figures: &Figures) -> String {
    let machine = machine();
    let mut out = format!(
        "Machine: {machine}; its load beforehand {load}.\n\n| figure | value |\n|---|---|\n"
    );
    for (name, value) in figures {
        let _ = writeln!(out, "| `{name}` | {value} |");
    }
    out
}

fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.unwrap_or("unknown processor"))
}

/// What others asked of the machine in the last minute: nanoseconds depend on it, ratios and counts less.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

/// The sections that the file already has, by area.
pub(crate) fn sections() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join(FILE)).unwrap_or_default();
    let sections = text.split("\n## ").skip(1);
    let parts = sections.filter_map(|section| section.split_once('\n'));
    parts
        .map(|(area, body)| (area.trim().to_owned(), body.trim_start().to_owned()))
        .collect()
}

fn write(sections: &BTreeMap<String, String>) -> Result<(), Failure> {
    let mut out = HEAD.to_owned();
    for (area, body) in sections {
        let _ = write!(out, "\n## {area}\n\n{}\n", body.trim_end());
    }
    fs::write(root().join(FILE), out)?;
    say(&format!("Wrote {FILE}."));
    Ok(())
}
