use crate::{Config, Setting};

const SERVICE: (&str, &str) = ("SERVICE_NAME", "desk");

/// A configuration of variables over the text of a file.
fn read(vars: &[(&str, &str)], text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bongsu.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    let vars = vars.iter().copied();
    let read = Config::from_vars(vars.chain([SERVICE, ("BONGSU_CONFIG", &path)]));
    let short = |text: String| text.replace(&path, "bongsu.toml");
    read.map_err(|error| {
        let problems: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
        short(problems.join("\n"))
    })
}

fn setting(config: &Config, name: &str) -> Setting {
    let mut settings = config.settings();
    settings.find(|it| it.variable.name == name).unwrap()
}

#[track_caller]
fn refused(text: &str, wants: &[&str]) {
    let error = read(&[], text).unwrap_err();
    for want in wants {
        assert!(error.contains(want), "{text}\n{error}\nlacks {want:?}");
    }
}

#[test]
fn a_wrong_file_names_line_column_key_and_remedy() {
    refused(
        "[alert]\n",
        &["bongsu.toml:1:2: ", "`alert`", "\"alerts\" meant?"],
    );
    refused(
        "[alerts]\ncooldwon = \"5m\"\n",
        &["bongsu.toml:2:1: ", "`cooldwon`", "\"cooldown\" meant?"],
    );
    refused(
        "\n[thresholds.cpu]\n  warning = 70\n  warning = 71\n",
        &["bongsu.toml:4:3: "],
    );
    refused(
        "[[rules]]\nid = \"a\"\nchanels = [\"log\"]\n",
        &["bongsu.toml:3:1: ", "\"channels\" meant?"],
    );
    refused(
        "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\ncooldown = \"5 parsecs\"\n",
        &["bongsu.toml:4:12: ", "cooldown", "length of time"],
    );
    refused(
        "[[rules]]\nid = \"가\"\nmatch = { kind = \"나\", min_level = \"loud\" }\nchannels = []\n",
        &[
            "bongsu.toml:3:35: ",
            "min_level",
            "info, warning, error, critical",
        ],
    );
    refused("rules = 3\n", &["bongsu.toml:1:9: ", "rules"]);
    refused("[alerts\n", &["bongsu.toml:1:8: "]);
    refused(
        "[[rules]]\nid = \"a\"\n",
        &["bongsu.toml:1:1: ", "`channels`"],
    );
    refused(
        "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\nquiet = { from = \"25:00\", to = \"07:00\" }\n",
        &["bongsu.toml:4:18: ", "time of day"],
    );
    refused(
        "[channels.slak]\nmin_level = \"info\"\n",
        &[
            "bongsu.toml:1:",
            "channels.slak",
            "there is no such channel",
        ],
    );
    refused(
        "[thresholds.memory]\nmargin = 99\n",
        &["bongsu.toml:2:10: ", "thresholds.memory.margin", "0 to 50"],
    );
    refused(
        "[portfolio]\nhalt_drawdown_percent = 0\n",
        &["bongsu.toml:2:25: ", "halt_drawdown_percent"],
    );
    refused(
        "[thresholds.cpu]\nwarning = \"hot\"\n",
        &["bongsu.toml:2:11: thresholds.cpu.warning: ", "percentage"],
    );
    // Not the file's fault alone: it is told by the variable's name.
    refused(
        "[thresholds.cpu]\nwarning = 95\n",
        &["CPU_WARNING_THRESHOLD"],
    );
}

#[test]
fn every_mistake_that_can_be_told_is_told_at_once() {
    let error = read(
        &[],
        "[thresholds.cpu]\nmargin = -1\n[portfolio]\nhalt_drawdown_percent = 101\n\
         [alerts]\nlanguage = \"kr\"\n",
    );
    assert_eq!(error.unwrap_err().lines().count(), 3);
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let vars = [SERVICE, ("BONGSU_CONFIG", "/nowhere/bongsu.toml")];
    let error = Config::from_vars(vars).unwrap_err();
    assert_eq!(error.problems()[0].variable, "BONGSU_CONFIG");
    assert!(
        error
            .to_string()
            .contains("/nowhere/bongsu.toml does not exist")
    );
}

#[cfg(feature = "resources")]
#[test]
fn variables_win_and_each_value_says_where_it_is_from() {
    let text = "[thresholds.cpu]\nwarning = 60\ncritical = 61.5\n[thresholds.disk]\nhold = \"5m\"\nmargin = 3\n";
    let config = read(&[("CPU_WARNING_THRESHOLD", "55")], text).unwrap();
    assert_eq!(config.resources.cpu, (55.0, 61.5));
    let warning = setting(&config, "CPU_WARNING_THRESHOLD");
    assert_eq!(warning.given.as_deref(), Some("CPU_WARNING_THRESHOLD"));
    let critical = setting(&config, "CPU_CRITICAL_THRESHOLD").given.unwrap();
    assert!(critical.ends_with("bongsu.toml:3:12"), "{critical}");
    assert_eq!(setting(&config, "MEMORY_WARNING_THRESHOLD").given, None);
    let disk = config.resources.tuning.2;
    assert_eq!(disk.hold, Some(std::time::Duration::from_secs(300)));
    assert_eq!(disk.margin, Some(3.0));
    // Another text of the file: what it does not say any more is the default again.
    let again = config.reread("[thresholds.cpu]\nwarning = 40\n").unwrap();
    assert_eq!(again.resources.cpu, (55.0, 90.0));
    assert_eq!(again.resources.tuning.2.margin, None);
    assert!(
        config.reread("[thresholds.cpu]\nwarning = 1000\n").is_ok(),
        "the variable wins"
    );
    assert!(
        config
            .reread("[thresholds.disk]\nwarning = 1000\n")
            .is_err()
    );
}
