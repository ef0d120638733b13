use crate::{Config, config::Setting};

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

#[cfg(all(feature = "alerts", feature = "reports", feature = "slack"))]
mod routes {
    use super::*;
    use crate::alerting::routes;
    use bongsu_alerts::AlertLevel;

    const VARS: &[(&str, &str)] = &[("SLACK_WEBHOOK_URL", "https://hooks.example/a")];

    fn channels() -> Vec<String> {
        ["log", "slack", "own"].map(str::to_owned).into()
    }

    #[track_caller]
    fn refused(text: &str, wants: &[&str]) {
        let error = routes(&read(VARS, text).unwrap(), &channels()).unwrap_err();
        let error = error.to_string();
        for want in wants {
            assert!(error.contains(want), "{text}\n{error}\nlacks {want:?}");
        }
    }

    #[test]
    fn names_that_there_are_not_are_refused_with_what_was_meant() {
        refused(
            "[[rules]]\nid = \"a\"\nchannels = [\"slak\"]\n",
            &[
                "bongsu.toml:3:13: rule \"a\"",
                "\"slak\"",
                "\"slack\" meant?",
            ],
        );
        refused(
            "[recipients]\ndesk = [\"slack\", \"owm\"]\n",
            &["bongsu.toml:2:18: recipients.desk", "\"own\" meant?"],
        );
        refused(
            "[recipients]\ndesk = [\"slack\"]\n[[rules]]\nid = \"a\"\nchannels = [\"dsek\"]\n",
            &["bongsu.toml:5:13: ", "\"desk\" meant?"],
        );
        refused(
            "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\n[[rules]]\nid = \"a\"\nchannels = [\"log\"]\n",
            &["bongsu.toml:5:6: two rules have the id \"a\""],
        );
        refused(
            "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\nactive = { during = \"KRX regualr\" }\n",
            &["bongsu.toml:4:21: ", "\"KRX regular\" meant?"],
        );
        refused(
            "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\nquiet = { zone = \"UTC\" }\n",
            &["bongsu.toml:4:9: ", "names no hours"],
        );
        refused(
            "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\nquiet = { from = \"22:00\" }\n",
            &["from and to belong together"],
        );
        refused(
            "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\nquiet = { from = \"22:00\", to = \"07:00\", zone = \"Asia/Seol\" }\n",
            &["bongsu.toml:4:48: ", "zone", "Asia/Seol"],
        );
        refused(
            "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\nquiet_then = \"digest\"\n",
            &["quiet_then without quiet"],
        );
        refused(
            "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\nmatch = { min_level = \"error\", max_level = \"info\" }\n",
            &["min_level error is above max_level info"],
        );
        refused(
            "[[rules]]\nid = \"a\"\nchannels = [\"log\"]\n[[rules.escalate]]\nafter = \"5m\"\nchannels = [\"lgo\"]\n",
            &["bongsu.toml:6:13: rule \"a\", escalate", "\"log\" meant?"],
        );
        refused(
            "[[rules]]\nid = \"a\"\nchannels = []\n",
            &["bongsu.toml:2:6: ", "names no channel"],
        );
    }

    #[test]
    fn what_is_not_configured_here_is_left_out_and_said() {
        let text = "[[rules]]\nid = \"page\"\nchannels = [\"pagerduty\"]\n\
                    [[rules]]\nid = \"rest\"\nchannels = [\"slack\", \"telegram\"]\n\
                    [[rules.escalate]]\nafter = 60\nchannels = [\"pagerduty\", \"own\"]\n";
        let routed = routes(&read(VARS, text).unwrap(), &channels()).unwrap();
        let ids: Vec<&str> = routed.routing.rules.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids, ["rest"]);
        let warnings: Vec<String> = routed.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings.len(), 4, "{warnings:?}");
        assert!(warnings[0].contains(":3:13: rule \"page\": pagerduty is not configured"));
        assert!(
            warnings[0].contains("PAGERDUTY_ROUTING_KEY"),
            "{warnings:?}"
        );
        assert!(
            warnings[1].contains("rule \"page\" is left out"),
            "{warnings:?}"
        );
    }

    #[test]
    fn least_levels_are_part_of_the_routes() {
        let text = "[channels.slack]\nmin_level = \"error\"\n";
        let routed = routes(&read(VARS, text).unwrap(), &channels()).unwrap();
        assert_eq!(
            routed.routing.least,
            [("slack".to_owned(), AlertLevel::Error)]
        );
        let vars = [VARS[0], ("SLACK_MIN_LEVEL", "critical")];
        let routed = routes(&read(&vars, text).unwrap(), &channels()).unwrap();
        assert_eq!(
            routed.routing.least,
            [("slack".to_owned(), AlertLevel::Critical)]
        );
    }

    #[test]
    fn the_annotated_example_can_be_used() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/bongsu.example.toml"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let config = read(VARS, &text).unwrap();
        let all = ["log", "slack", "telegram", "email", "pagerduty"].map(str::to_owned);
        let routed = routes(&config, &all).unwrap();
        assert!(routed.warnings.is_empty(), "{:?}", routed.warnings);
        let ids: Vec<&str> = routed.routing.rules.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids, ["risk", "feed", "batch", "rest"]);
        assert_eq!(routed.routing.silences.len(), 1);
        assert_eq!(config.halt_percent, Some(28.0));
        assert_eq!(config.resources.disk, (80.0, 92.0));
        #[cfg(feature = "health")]
        assert_eq!(config.loaded.checks().unwrap().len(), 2);
        #[cfg(feature = "axum")]
        assert!(config.loaded.access_log().is_some());
        assert!(
            config
                .file_parts()
                .iter()
                .any(|part| part.name == "rules.risk")
        );
        // Only some of its channels are there.
        let some = ["log", "slack"].map(str::to_owned);
        let routed = routes(&config, &some).unwrap();
        assert_eq!(
            routed.routing.rules.len(),
            3,
            "the mail of the night goes nowhere"
        );
    }

    /// What decides is the file's: by hours, by session, by owner.
    #[tokio::test]
    async fn explained_by_the_file() {
        let text = "[recipients]\ndesk = [\"slack\"]\n\
            [[rules]]\nid = \"always\"\nmatch = { tag = \"feed\" }\nchannels = [\"desk\"]\n\
            active = { days = [\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"] }\nowner = \"kim\"\n\
            [[rules]]\nid = \"never\"\nchannels = [\"slack\", \"log\"]\nactive = { during = \"trading\", from = \"00:00\", to = \"00:01\" }\n\
            [[rules]]\nid = \"quiet\"\nmatch = { source = [\"a\", \"b\"] }\nchannels = [\"slack\"]\n\
            quiet = { from = \"00:00\", to = \"24:00\" }\n\
            [[silences]]\nid = \"nightly\"\nmatch = { metadata = { desk = 7 } }\nhours = { from = \"00:00\", to = \"24:00\" }\n";
        let config = read(VARS, text).unwrap();
        let explain = |alert: bongsu_alerts::Alert| {
            let builder = crate::Bongsu::builder(config.clone());
            builder.explain_alert(&alert).unwrap()
        };
        let alert = |source: &str| bongsu_alerts::Alert::new(AlertLevel::Error, "t", "m", source);
        let feed = explain(alert("x").tag("feed"));
        assert_eq!(feed.channels.len(), 1);
        assert_eq!(feed.channels[0].rule.as_deref(), Some("always"));
        assert_eq!(feed.owner.as_deref(), Some("kim"));
        let none = explain(alert("x"));
        assert_eq!(none.channels.len(), 2, "{none:?}");
        assert!(none.channels.iter().all(|it| it.rule.is_none()));
        let quiet = explain(alert("b"));
        assert_eq!(
            quiet.channels[0].what,
            bongsu_alerts::What::Suppress(bongsu_alerts::Suppressed::Quiet)
        );
        let silenced = explain(alert("x").metadata("desk", 7));
        assert_eq!(silenced.held, Some(bongsu_alerts::Suppressed::Silence));
    }
}
