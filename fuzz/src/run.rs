//! One target for its share of the time.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    fs,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    mutate::{Chance, mutate},
    targets::Target,
};

/// An input that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);
/// Outcomes beyond these are no longer told apart.
const MOST: usize = 2_000;

/// How many inputs were tried, or what was found.
pub(crate) fn run(target: &Target, share: Duration, seed: u64, keep: bool) -> Result<u64, String> {
    let folder = folder("corpus").join(target.name);
    let mut pool = corpus(&folder)?;
    let mut check = (target.prepare)();
    let mut chance = Chance::new(seed);
    let mut known = HashSet::new();
    let end = Instant::now() + share;
    let mut tried = 0;
    // The corpus as it is, then what can be made of it.
    let mut waiting = pool.clone();
    loop {
        let input = waiting.pop().unwrap_or_else(|| {
            let (first, other) = (chance.below(pool.len()), chance.below(pool.len()));
            mutate(&pool[first], &pool[other], target.words, &mut chance)
        });
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&input)));
        tried += 1;
        let outcome = match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(wrong)) => return Err(found(target, &input, &wrong)),
            Err(_panic) => return Err(found(target, &input, "panics")),
        };
        if began.elapsed() > PATIENCE {
            return Err(found(target, &input, "takes too long"));
        }
        if known.len() < MOST && known.insert(hash(&outcome)) && tried > pool.len() as u64 {
            if keep {
                let path = folder.join(format!("{:016x}", hash(&input)));
                fs::write(&path, &input).map_err(|error| error.to_string())?;
            }
            pool.push(input);
        }
        if waiting.is_empty() && Instant::now() >= end {
            break;
        }
    }
    println!(
        "{:<12} {tried:>9} inputs, {} outcomes",
        target.name,
        known.len()
    );
    Ok(tried)
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// In the order of their names, so that a seed gives one run.
fn corpus(folder: &Path) -> Result<Vec<Vec<u8>>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(told)?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let all: Result<Vec<_>, _> = paths.iter().map(fs::read).collect();
    let all = all.map_err(told)?;
    match all.is_empty() {
        true => Err(format!("{} is empty", folder.display())),
        false => Ok(all),
    }
}

fn found(target: &Target, input: &[u8], what: &str) -> String {
    let folder = folder("found");
    let path = folder.join(format!("{}-{:016x}", target.name, hash(&input)));
    let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, input));
    match kept {
        Ok(()) => format!("{what}; the input is in {}", path.display()),
        Err(error) => format!("{what}; the input cannot be written: {error}"),
    }
}
