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
    // Wrong beside another value: where the file says one of the two.
    refused(
        "[thresholds.cpu]\nwarning = 95\n",
        &["bongsu.toml:2:11: CPU_WARNING_THRESHOLD 95 must be below"],
    );
    refused(
        "[thresholds.disk]\ncritical = 50\n",
        &["bongsu.toml:2:12: DISK_WARNING_THRESHOLD 85 must be below"],
    );
}

#[test]
fn what_the_parser_has_against_it_is_said_in_the_words_of_a_reader() {
    refused("alerts = 3\n", &["1:10: alerts: ", "expected a table"]);
    refused(
        "[[rules]]\nid = \"a\"\nchannels = \"log\"\n",
        &["3:12: channels: ", "expected a list"],
    );
    refused("[rules]\nid = 1\n", &["1:1: ", "a table, expected a list"]);
    refused(
        "[access_log]\nothers_one_in = -1\n",
        &[
            "2:17: others_one_in: ",
            "a whole number that is not negative",
        ],
    );
    refused("[alerts]\nrepeat = 1\nrepeat = 2\n", &["3:1: ", "twice"]);
}

#[test]
fn what_is_not_utf_8_has_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    std::fs::write(&path, b"[alerts]\n# \xea\xb0\x80 \xb0\xa1\n").unwrap();
    let error = super::text(&path).unwrap_err().to_string();
    assert!(error.contains("x.toml:2:5: is not UTF-8"), "{error}");
}

#[cfg(feature = "email")]
#[test]
fn what_a_channel_has_against_a_value_of_the_file_is_said_of_the_file() {
    let text = "[report]\nemail_to = \"nobody\"\n";
    refused(
        text,
        &["SMTP_HOST: is not set, but ", "bongsu.toml:2:12 is"],
    );
    let mail = [("SMTP_HOST", "h"), ("ALERT_EMAIL_FROM", "a@b.example")];
    let error = read(&mail, text).unwrap_err();
    let wanted = "bongsu.toml:2:12: report.email_to: is not a mail address";
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn recipients_stand_for_the_channels_of_the_report() {
    let text = "[recipients]\npapers = [\"email\", \"slack\"]\n[report]\nchannels = [\"papers\", \"slack\", \"log\"]\n";
    let of = |vars: &[(&str, &str)]| read(vars, text).unwrap().delivery.report_channels;
    assert_eq!(of(&[]), ["email", "slack", "log"]);
    assert_eq!(
        of(&[("REPORT_CHANNELS", "papers")]),
        ["papers"],
        "a variable wins"
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

#[cfg(all(feature = "health", feature = "postgres", feature = "redis"))]
mod checks {
    use super::*;

    /// A check with these keys.
    fn check(keys: &str) -> String {
        format!("[[checks]]\nname = \"a\"\n{keys}\n")
    }

    #[test]
    fn a_wrong_check_names_its_place_and_the_remedy() {
        let table: &[(&str, &[&str])] = &[
            (
                "kind = \"postgre\"",
                &["bongsu.toml:3:8: ", "\"postgres\" meant?"],
            ),
            (
                "kind = \"postgres\"",
                &["bongsu.toml:3:8: ", "postgres needs url"],
            ),
            (
                "kind = \"postgres\"\nurl = \"mysql://u:hunter2@h/db\"",
                &["bongsu.toml:4:7: ", "no postgres:// URL"],
            ),
            (
                "kind = \"tcp\"\naddress = \"h:1\"\nurl = \"http://x\"",
                &["bongsu.toml:5:7: ", "tcp has no url", "address"],
            ),
            (
                "kind = \"tcp\"\naddress = \"nowhere\"",
                &["bongsu.toml:4:11: ", "no port"],
            ),
            (
                "kind = \"http\"\nurl = \"htp://x\"",
                &["bongsu.toml:4:7: ", "target"],
            ),
            (
                "kind = \"disk\"\npath = \"/\"\nevery = 0",
                &["bongsu.toml:5:9: ", "every is no time at all"],
            ),
            (
                "kind = \"disk\"\npath = \"/\"\ntimeout = \"2d\"",
                &["bongsu.toml:5:11: ", "timeout is more than a day"],
            ),
            (
                "kind = \"heartbeat\"",
                &["bongsu.toml:3:8: ", "heartbeat needs unhealthy_after"],
            ),
            (
                "kind = \"heartbeat\"\nunhealthy_after = 5\ndegraded_after = 9",
                &["bongsu.toml:5:18: ", "degraded_after is longer"],
            ),
            (
                "kind = \"heartbeat\"\nunhealthy_after = 5\nevery = 9",
                &["bongsu.toml:5:9: ", "heartbeat has no every"],
            ),
            (
                "kind = \"disk\"\npath = \"/\"\nimportance = \"critcal\"",
                &["bongsu.toml:5:14: ", "\"critical\" meant?"],
            ),
        ];
        for (keys, wants) in table {
            refused(&check(keys), wants);
            let error = read(&[], &check(keys)).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let twice = check("kind = \"disk\"\npath = \"/\"").repeat(2);
        refused(&twice, &["bongsu.toml:6:8: ", "two of this name"]);
    }

    #[test]
    fn a_heartbeat_names_hours_that_there_are() {
        let text = check(
            "kind = \"heartbeat\"\nunhealthy_after = \"30s\"\nduring = \"KRX regualr\"\nimportance = \"critical\"",
        );
        let config = read(&[], &text).unwrap();
        let error = config.loaded().heartbeats(&["KRX", "KRX regular"]);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("bongsu.toml:5:10: "), "{error}");
        assert!(error.contains("\"KRX regular\" meant?"), "{error}");
        let beats = config.loaded().heartbeats(&["KRX regualr"]).unwrap();
        assert_eq!(beats.len(), 1);
        let half = std::time::Duration::from_secs(30);
        assert_eq!(
            (beats[0].unhealthy_after, beats[0].degraded_after),
            (half, half)
        );
        assert_eq!(beats[0].importance, "critical");
        assert!(config.loaded().checks().unwrap().is_empty());
    }

    #[test]
    fn only_checks_that_differ_are_exchanged() {
        let text = |every: u32, more: &str| {
            format!(
                "[[checks]]\nname = \"a\"\nkind = \"disk\"\npath = \"/\"\n\
                 [[checks]]\nname = \"b\"\nkind = \"redis\"\nurl = \"redis://:p{every}@h\"\n{more}"
            )
        };
        let config = read(&[], &text(1, "")).unwrap();
        let changed = |text: &str| {
            let fresh = config.reread(text).unwrap();
            config.loaded().changed_checks(fresh.loaded())
        };
        assert_eq!(changed(&format!("\n\n{}", text(1, ""))), (vec![], vec![]));
        let b = vec!["b".to_owned()];
        // Another password alone is another check.
        assert_eq!(changed(&text(2, "")), (b.clone(), b));
        let c = check("kind = \"tcp\"\naddress = \"h:1\"").replace("\"a\"", "\"c\"");
        assert_eq!(changed(&text(1, &c)), (vec![], vec!["c".to_owned()]));
        let all = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(changed(""), (all, vec![]));
    }
}
