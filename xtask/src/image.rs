//! `cargo xtask image`: the programs of the image as the Dockerfile builds them, for this machine or for arm64, with
//! their size and start time, and whether a second build of the same commit gives the same bytes.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    http::request,
    run::{Failure, cargo, output, run, say, target_dir, variable},
};

const PROGRAMS: [(&str, &str); 2] = [
    ("trading-engine", "examples/trading_engine"),
    ("alert-receiver", "alert-receiver"),
];
/// How long a start may take, emulated at that.
const START: Duration = Duration::from_secs(120);

/// A processor that the image is made for.
struct Platform {
    name: &'static str,
    target: &'static str,
    /// What Debian's cross compiler puts before its programs' names.
    prefix: &'static str,
    /// What runs a program of it elsewhere.
    emulator: &'static str,
}

const PLATFORMS: [Platform; 2] = [
    Platform {
        name: "amd64",
        target: "x86_64-unknown-linux-gnu",
        prefix: "x86_64-linux-gnu",
        emulator: "qemu-x86_64-static",
    },
    Platform {
        name: "arm64",
        target: "aarch64-unknown-linux-gnu",
        prefix: "aarch64-linux-gnu",
        emulator: "qemu-aarch64-static",
    },
];

/// `[amd64|arm64] [--twice]`.
pub(crate) fn build(args: &[String]) -> Result<(), Failure> {
    let twice = args.iter().any(|arg| arg == "--twice");
    let asked = args.iter().find(|arg| *arg != "--twice");
    let native = PLATFORMS
        .iter()
        .find(|it| it.target.starts_with(std::env::consts::ARCH));
    let platform = match asked {
        Some(name) => PLATFORMS.iter().find(|it| it.name == name),
        None => native,
    };
    let platform = platform.ok_or_else(|| {
        let names: Vec<&str> = PLATFORMS.iter().map(|it| it.name).collect();
        Failure(format!("cargo xtask image [{}] [--twice]", names.join("|")))
    })?;
    let foreign = !platform.target.starts_with(std::env::consts::ARCH);
    let programs = compile(platform, foreign)?;
    let digests: Vec<String> = programs
        .iter()
        .map(|(program, _)| digest(program))
        .collect::<Result<_, _>>()?;
    for ((program, bytes), digest) in programs.iter().zip(&digests) {
        say(&format!(
            "{} {}: {:.1} MB, sha256 {digest}",
            platform.name,
            name_of(program),
            *bytes as f64 / 1e6
        ));
    }
    let took = start(platform, foreign, &programs[0].0)?;
    let how = if foreign { ", emulated" } else { "" };
    say(&format!(
        "{} trading-engine: ready {} ms after its start{how}",
        platform.name,
        took.as_millis()
    ));
    if !twice {
        return Ok(());
    }
    fs::remove_dir_all(folder(platform).join(platform.target))?;
    for ((program, _), first) in compile(platform, foreign)?.iter().zip(digests) {
        let second = digest(program)?;
        if second != first {
            return Err(Failure(format!(
                "{}: a second build gives other bytes: sha256 {second}",
                name_of(program)
            )));
        }
    }
    say("a second build from nothing gives the same bytes");
    Ok(())
}

fn name_of(program: &Path) -> String {
    let name = program.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn folder(platform: &Platform) -> PathBuf {
    target_dir().join("image").join(platform.name)
}

/// What the Dockerfile's first stage does. Debian's `gcc-aarch64-linux-gnu` and `rustup target add` have to be there
/// for another processor than this machine's.
fn compile(platform: &Platform, foreign: bool) -> Result<Vec<(PathBuf, u64)>, Failure> {
    let folder = folder(platform);
    let mut cargo = cargo([
        "build",
        "--locked",
        "--release",
        "--target",
        platform.target,
    ]);
    cargo
        .args(["--package", "bongsu", "--example", "trading_engine"])
        .args(["--package", "bongsu-dashboards", "--bin", "alert-receiver"])
        .env("CARGO_TARGET_DIR", &folder);
    let mut strip = "strip".to_owned();
    if foreign {
        let tool = |name: &str| format!("{}-{name}", platform.prefix);
        let upper = platform.target.replace('-', "_");
        cargo
            .env(format!("CC_{upper}"), tool("gcc"))
            .env(format!("AR_{upper}"), tool("ar"))
            .env(
                format!("CARGO_TARGET_{}_LINKER", upper.to_ascii_uppercase()),
                tool("gcc"),
            );
        strip = tool("strip");
    }
    run(&mut cargo)?;
    let built = folder.join(platform.target).join("release");
    let out = folder.join("bin");
    fs::create_dir_all(&out)?;
    PROGRAMS
        .iter()
        .map(|(name, from)| {
            let program = out.join(name);
            fs::copy(built.join(from), &program)?;
            run(Command::new(&strip).arg(&program))?;
            let bytes = fs::metadata(&program)?.len();
            Ok((program, bytes))
        })
        .collect()
}

fn digest(program: &Path) -> Result<String, Failure> {
    let line = output(Command::new("sha256sum").arg(program))?;
    Ok(line.split(' ').next().unwrap_or_default().to_owned())
}

/// How long the engine takes until it is ready, as a container would start it.
fn start(platform: &Platform, foreign: bool, engine: &Path) -> Result<Duration, Failure> {
    let data = folder(platform).join("data");
    let _ = fs::remove_dir_all(&data);
    fs::create_dir_all(&data)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = match foreign {
        true => {
            let mut emulated = Command::new(platform.emulator);
            emulated.args(["-L", &format!("/usr/{}", platform.prefix)]);
            emulated.arg(engine);
            emulated
        }
        false => Command::new(engine),
    };
    command
        .current_dir(&data)
        .env_clear()
        .env("PATH", variable("PATH").unwrap_or_default())
        .env("SERVICE_NAME", "trading_engine")
        .env("BONGSU_DATA_DIR", &data)
        .env("BONGSU_BIND", format!("127.0.0.1:{port}"))
        .stdout(Stdio::null());
    let begin = now();
    let mut child = Ended(command.spawn()?);
    loop {
        if let Ok((200, _)) = request(port, "GET", "/ready", "", "") {
            return Ok(now() - begin);
        }
        if let Some(status) = child.0.try_wait()? {
            return Err(Failure(format!("{}: {status}", engine.display())));
        }
        if now() - begin > START {
            return Err(Failure(format!("{} is not ready", engine.display())));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it measures how long a start takes"
)]
fn now() -> Instant {
    Instant::now()
}

/// Ended with the value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
