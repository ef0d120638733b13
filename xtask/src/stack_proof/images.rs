//! Stand-ins for the images of docker/, under their very tags, made of this machine's own packages: no
//! registry is asked. Every line of the Dockerfile is run; only the compiler in it hands over what has
//! been built already.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::engine::{Engine, kept};
use crate::{
    run::{Failure, cargo, output, run, target_dir},
    stack::image,
};

/// Compose 2 is not among the packages of Debian 12: it is taken from the release after it.
const LATER: &str = "trixie";

/// Where the machine's own apt is told of its archive.
const SOURCES: &str = "/etc/apt/sources.list.d/debian.sources";

/// Answers for `cargo` in the build's image.
const CARGO: &str = r#"#!/bin/sh
set -eu
case "$*" in
"build --locked --release "*trading_engine*alert-receiver*)
    release="target/$TARGET/release"
    mkdir -p "$release/examples"
    cp /built/trading_engine "$release/examples/"
    cp /built/alert-receiver "$release/" ;;
"tree --locked "*) echo 'bongsu v0.0.0 (/src)|MIT' ;;
*) echo "cargo $*: not expected here" >&2; exit 3 ;;
esac
"#;

/// Reads what Grafana would read, as its user, and answers where it would.
const GRAFANA: &str = r#"#!/bin/sh
set -e
cat /etc/grafana/dashboards/*.json /etc/grafana/provisioning/*/*.yml > /dev/null
ls /etc/grafana/provisioning/plugins /etc/grafana/provisioning/alerting > /dev/null
trap 'exit 0' TERM
busybox httpd -p 3000 -h /www
while :; do sleep 3600 & wait $!; done
"#;

pub(super) fn make(engine: &Engine) -> Result<(), Failure> {
    let base = engine.folder().join("base.tar");
    let script = engine.folder().join("base-image.sh");
    fs::write(&script, include_str!("base-image.sh"))?;
    run(Command::new("bash").arg(script).arg(&base))?;
    let debian = image("debian")?;
    let mut import = engine.docker();
    import
        .args(["import", "--change", "CMD [\"bash\"]"])
        .arg(&base);
    run(import.arg(&debian).stdout(Stdio::null()))?;
    fs::remove_file(base)?;

    rust(engine)?;
    for (name, program, data, image_name) in [
        (
            "prometheus",
            "/usr/bin/prometheus",
            "/prometheus",
            "prom/prometheus",
        ),
        (
            "alertmanager",
            "/usr/bin/prometheus-alertmanager",
            "/alertmanager",
            "prom/alertmanager",
        ),
        (
            "victoria-metrics",
            "/usr/bin/victoria-metrics",
            "/storage",
            "victoriametrics/victoria-metrics",
        ),
    ] {
        let context = Context::new(engine, name)?;
        context.copy(Path::new(program), &format!("root/bin/{name}"))?;
        context.tools()?;
        let web = format!(
            "/usr/share/prometheus/{}",
            if name == "prometheus" { "web" } else { name }
        );
        if Path::new(&web).is_dir() {
            fs::create_dir_all(context.0.join("root/usr/share/prometheus"))?;
            let mut copy = Command::new("cp");
            copy.arg("-r").arg(&web);
            run(copy.arg(context.0.join("root/usr/share/prometheus")))?;
        }
        let user = if name == "victoria-metrics" {
            "root"
        } else {
            "nobody"
        };
        context.build(
            engine,
            &image(image_name)?,
            &format!(
                "RUN mkdir -p {data} && chown {user} {data}\nUSER {user}\nWORKDIR {data}\nVOLUME [\"{data}\"]\nENTRYPOINT [\"/bin/{name}\"]\n"
            ),
        )?;
    }
    let context = Context::new(engine, "grafana")?;
    context.tools()?;
    context.write("root/bin/grafana", GRAFANA, 0o755)?;
    context.write("root/www/api/health", "{\"database\": \"ok\"}\n", 0o644)?;
    context.write(
        "root/www/metrics",
        "# TYPE grafana_stands_in gauge\ngrafana_stands_in 1\n",
        0o644,
    )?;
    context.build(
        engine,
        &image("grafana/grafana")?,
        "USER 472\nENTRYPOINT [\"/bin/grafana\"]\n",
    )
}

/// The compiler's image: what `install --strip` calls, and the programs as this machine has built them.
fn rust(engine: &Engine) -> Result<(), Failure> {
    let args = ["build", "--quiet", "--workspace", "--all-features"];
    run(cargo(args).args(["--example", "trading_engine", "--bin", "alert-receiver"]))?;
    let context = Context::new(engine, "rust")?;
    context.write("root/usr/local/bin/cargo", CARGO, 0o755)?;
    let strip = Path::new("/usr/bin/strip");
    context.copy(strip, "root/usr/bin/strip")?;
    let needs = output(Command::new("ldd").arg(strip))?;
    let libraries = needs
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    for library in libraries {
        let name = library.rsplit('/').next().unwrap_or_default();
        context.copy(
            Path::new(library),
            &format!("root/usr/lib/x86_64-linux-gnu/{name}"),
        )?;
    }
    let built = target_dir().join("debug");
    for program in ["examples/trading_engine", "alert-receiver"] {
        let name = program.rsplit('/').next().unwrap_or_default();
        context.copy(&built.join(program), &format!("root/built/{name}"))?;
        // Debug symbols would only be carried into the build and stripped there.
        let mut strip = Command::new(strip);
        run(strip
            .arg("--strip-debug")
            .arg(context.0.join("root/built").join(name)))?;
    }
    context.build(engine, &image("rust")?, "")
}

/// A folder that becomes an image: `root/` over the base.
struct Context(PathBuf);

impl Context {
    fn new(engine: &Engine, name: &str) -> Result<Self, Failure> {
        let folder = engine.folder().join("images").join(name);
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    fn copy(&self, from: &Path, to: &str) -> Result<(), Failure> {
        let to = self.0.join(to);
        fs::create_dir_all(to.with_file_name(""))?;
        let copied = fs::copy(from, to);
        copied.map_err(|error| Failure(format!("{}: {error}", from.display())))?;
        Ok(())
    }

    fn write(&self, path: &str, text: &str, mode: u32) -> Result<(), Failure> {
        let path = self.0.join(path);
        fs::create_dir_all(path.with_file_name(""))?;
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        Ok(())
    }

    /// `wget`, by which the images' health is asked.
    fn tools(&self) -> Result<(), Failure> {
        for name in ["busybox", "wget"] {
            self.copy(Path::new("/bin/busybox"), &format!("root/bin/{name}"))?;
        }
        Ok(())
    }

    fn build(self, engine: &Engine, tag: &str, more: &str) -> Result<(), Failure> {
        let debian = image("debian")?;
        // What lies in root/bin goes to /usr/bin: the base's /bin is a link, which a copy would replace.
        let bin = self.0.join("root/bin");
        if bin.is_dir() {
            fs::create_dir_all(self.0.join("root/usr/bin"))?;
            for entry in fs::read_dir(&bin)? {
                let entry = entry?;
                fs::rename(
                    entry.path(),
                    self.0.join("root/usr/bin").join(entry.file_name()),
                )?;
            }
            fs::remove_dir(&bin)?;
        }
        fs::write(
            self.0.join("Dockerfile"),
            format!("FROM {debian}\nCOPY root/ /\n{more}"),
        )?;
        // The older builder: the newer one comes as a plugin, which Compose has within it.
        let mut build = engine.docker();
        build
            .env("DOCKER_BUILDKIT", "0")
            .args(["build", "--quiet", "--tag", tag]);
        let built = build.arg(&self.0).output()?;
        if !built.status.success() {
            let said = String::from_utf8_lossy(&built.stderr);
            return Err(Failure(format!("image {tag}: {}\n{said}", built.status)));
        }
        fs::remove_dir_all(self.0)?;
        Ok(())
    }
}

/// Puts Compose where the engine's `docker` finds it.
pub(super) fn compose(engine: &Engine) -> Result<(), Failure> {
    let plugins = engine.folder().join("config/cli-plugins");
    fs::create_dir_all(&plugins)?;
    let kept = kept()?.join("docker-compose");
    if !kept.exists() {
        fetch_compose(&kept)?;
    }
    fs::copy(kept, plugins.join("docker-compose"))?;
    Ok(())
}

/// Compose from the next release of the distribution, by apt with lists of its own: the machine's stay as
/// they are.
fn fetch_compose(to: &Path) -> Result<(), Failure> {
    let work = std::env::temp_dir().join(format!("bongsu-compose-{}", std::process::id()));
    let sources = fs::read_to_string(SOURCES)
        .map_err(|error| Failure(format!("Compose comes by apt: {SOURCES}: {error}")))?;
    let first = sources.split("\n\n").next().unwrap_or_default();
    let later = first
        .lines()
        .map(|line| match line.strip_prefix("Suites:") {
            Some(_) => format!("Suites: {LATER}"),
            None => line.to_owned(),
        });
    for folder in ["sources", "lists/partial", "cache/archives/partial", "got"] {
        fs::create_dir_all(work.join(folder))?;
    }
    let later: Vec<String> = later.collect();
    fs::write(work.join("sources/later.sources"), later.join("\n") + "\n")?;
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        for (name, place) in [
            ("Dir::Etc::SourceParts", "sources"),
            ("Dir::State::Lists", "lists"),
            ("Dir::Cache", "cache"),
        ] {
            let place = work.join(place);
            command.arg("-o").arg(format!("{name}={}", place.display()));
        }
        command.args(["-qq", "-o", "Dir::Etc::SourceList=/dev/null"]);
        command.args([
            "-o",
            "Acquire::Languages=none",
            "-o",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
        ]);
        run(command
            .args(args)
            .current_dir(work.join("got"))
            .stderr(Stdio::null()))
    };
    apt(&["update"])?;
    apt(&["download", "docker-compose"])?;
    let package = fs::read_dir(work.join("got"))?.next();
    let package = package.ok_or_else(|| Failure("no docker-compose was downloaded".into()))??;
    let unpacked = work.join("unpacked");
    run(Command::new("dpkg-deb")
        .arg("-x")
        .arg(package.path())
        .arg(&unpacked))?;
    let plugin = [
        "usr/libexec/docker/cli-plugins",
        "usr/lib/docker/cli-plugins",
        "usr/bin",
    ]
    .map(|folder| unpacked.join(folder).join("docker-compose"));
    let plugin = plugin.iter().find(|path| path.is_file());
    let plugin = plugin.ok_or_else(|| Failure("the package has no Compose in it".into()))?;
    fs::copy(plugin, to)?;
    fs::remove_dir_all(work)?;
    Ok(())
}
