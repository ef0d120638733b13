use bongsu_alerts::{Alert, AlertLevel};

use super::*;

#[derive(Debug)]
struct Pager;

#[async_trait::async_trait]
impl Channel for Pager {
    fn id(&self) -> &str {
        "pagerduty-2"
    }
    fn targets(&self) -> Vec<Target> {
        vec![Target::new("x")]
    }
    fn render(&self, _: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        Ok(Rendered::new(target.clone(), "text/plain", ""))
    }
    async fn deliver(&self, _: &Attempt, _: &Rendered) -> Outcome {
        Outcome::delivered()
    }
}

/// Nobody is paged for what is no emergency, whatever the service's code routes; the log hears of
/// everything.
#[tokio::test]
async fn a_channel_hears_of_nothing_below_its_level() {
    for rule in [false, true] {
        let mut config = Config::default();
        let (kind, level) = ("pagerduty", AlertLevel::Error);
        config.delivery.min_levels.insert(kind, level);
        let pager: Arc<dyn Channel> = Arc::new(Pager);
        let least = routes(&config, &[pager.id().to_owned()]).unwrap();
        let mut builder = AlertManager::builder("svc", "test")
            .channel(LogChannel::new())
            .routing(least.routing)
            .shared_channel(pager);
        if rule {
            builder = builder.rule(AlertRule::new("own").channels(["log", "pagerduty-2"]));
        }
        let (manager, _dispatcher) = builder.build().unwrap();
        for (level, channels) in [
            (AlertLevel::Info, 1),
            (AlertLevel::Warning, 1),
            (AlertLevel::Error, 2),
            (AlertLevel::Critical, 2),
        ] {
            let alert = Alert::new(level, level.as_str(), "m", "s");
            let receipt = manager.send_alert(alert).await.unwrap();
            assert_eq!(receipt.deliveries(), channels, "{level}");
        }
    }
}

/// One thread: whoever lets go can do so only while the store is waited for elsewhere.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn the_store_waits_for_its_lock_off_the_runtime() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display().to_string();
    let vars = [("SERVICE_NAME", "test"), ("BONGSU_DATA_DIR", &path)];
    let config = Config::from_vars(vars).unwrap();
    let held = store(&config).await.unwrap();
    let (opened, ()) = tokio::join!(store(&config), async { drop(held) });
    opened.unwrap();
}

/// The hours are the calendar's, the names those of a channel that there is.
#[cfg(feature = "reports")]
mod of_the_file {
    use super::*;

    const VARS: &[(&str, &str)] = &[("SLACK_WEBHOOK_URL", "https://hooks.example/a")];

    /// A configuration of variables over the text of a file.
    fn read(vars: &[(&str, &str)], text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bongsu.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.display().to_string();
        let own = [("SERVICE_NAME", "desk"), ("BONGSU_CONFIG", &path)];
        Config::from_vars(vars.iter().copied().chain(own)).unwrap()
    }

    fn channels() -> Vec<String> {
        ["log", "slack", "own"].map(str::to_owned).into()
    }

    #[track_caller]
    fn refused(text: &str, wants: &[&str]) {
        let error = routes(&read(VARS, text), &channels()).unwrap_err();
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
        let routed = routes(&read(VARS, text), &channels()).unwrap();
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
        let routed = routes(&read(VARS, text), &channels()).unwrap();
        assert_eq!(
            routed.routing.least,
            [("slack".to_owned(), AlertLevel::Error)]
        );
        let vars = [VARS[0], ("SLACK_MIN_LEVEL", "critical")];
        let routed = routes(&read(&vars, text), &channels()).unwrap();
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
        let config = read(VARS, &text);
        let all = ["log", "slack", "telegram", "email", "pagerduty"].map(str::to_owned);
        let routed = routes(&config, &all).unwrap();
        assert!(routed.warnings.is_empty(), "{:?}", routed.warnings);
        let ids: Vec<&str> = routed.routing.rules.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids, ["risk", "feed", "batch", "rest"]);
        assert_eq!(routed.routing.silences.len(), 1);
        assert_eq!(config.halt_percent, Some(28.0));
        assert_eq!(config.resources.disk, (80.0, 92.0));
        assert_eq!(config.loaded().access_lines().quiet, ["/internal/ping"]);
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
        let config = read(VARS, text);
        let explain = |alert: bongsu_alerts::Alert| {
            let (manager, _) = deciding(&config, Code::default()).unwrap();
            manager.explain(&alert)
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

    const ROUTES: &str = "[alerts]\ntime_zone = \"Asia/Seoul\"\ncooldown = \"10m\"\n\
        [channels.pagerduty]\nmin_level = \"critical\"\n\
        [[rules]]\nid = \"feed\"\nmatch = { tag = \"feed\" }\nchannels = [\"slack\"]\nowner = \"kim\"\n\
        quiet = { during = \"outside KRX\" }\n\
        [[rules]]\nid = \"page\"\nmatch = { min_level = \"critical\" }\nchannels = [\"slack\"]\n\
        [[rules.escalate]]\nafter = \"15m\"\nchannels = [\"pagerduty\"]\n\
        [[rules]]\nid = \"rest\"\nchannels = [\"slack\", \"own\"]\ndigest = \"30m\"\n";

    /// What of a table does not hold; neither pagerduty nor the code's own channel is configured here.
    fn run(tests: &str) -> Vec<String> {
        let config = read(VARS, ROUTES);
        let tests =
            bongsu_config::file::RouteTests::read("routes.toml", tests, "Asia/Seoul").unwrap();
        let failed =
            tests.run(|begin| rehearsal(&config, Code::default(), begin, tests.channels()));
        failed.unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_table_of_routes_holds() {
        let tests = r#"
channels = ["own"]

[[tests]]
name = "a feed's error waits for the session"
at = "2026-11-30T05:00"
alert = { level = "error", tag = "feed" }
goes_to = []
held = "quiet"
owner = "kim"
rule = "feed"
then = [{ after = "4h", goes_to = ["slack"] }]

[[tests]]
name = "nobody acknowledges"
at = "2026-11-30T10:00:00+09:00"
alert = { level = "critical", key = "db" }
goes_to = ["slack"]
rule = "page"
then = [
  { after = "14m", goes_to = [] },
  { after = "16m", goes_to = ["pagerduty"] },
  { after = "20m", ended = true, goes_to = ["slack", "pagerduty"] },
]

[[tests]]
name = "somebody knows"
at = "2026-11-30T10:00:00+09:00"
before = [
  { ago = "20m", alert = { level = "critical", key = "db" } },
  { ago = "10m", acknowledged = "db" },
]
alert = { level = "critical", key = "db" }
goes_to = []
held = "acknowledged"

[[tests]]
name = "within the cooldown, and after an end"
at = "2026-11-30T10:00:00+09:00"
before = [
  { ago = "9m", alert = { level = "critical", key = "db" } },
]
alert = { level = "critical", key = "db" }
goes_to = []
held = "cooldown"

[[tests]]
name = "the rest is gathered"
at = "2026-11-30T10:00:00+09:00"
alert = { level = "info" }
goes_to = []
held = "digest"
then = [{ after = "31m", goes_to = ["own", "slack"] }]

[[tests]]
name = "silenced, and a channel that is off"
at = "2026-11-30T10:00:00+09:00"
before = [
  { ago = "30m", off = "slack" },
  { ago = "20m", silenced = { source = "batch" }, for = "1h" },
]
alert = { level = "critical", source = "batch" }
goes_to = []
held = "silence"
"#;
        assert_eq!(run(tests), Vec::<String>::new());
    }

    #[test]
    fn what_of_a_table_does_not_hold_says_where_and_why() {
        let tests = r#"
channels = ["own"]
[[tests]]
name = "a"
at = "2026-11-30T10:00:00+09:00"
alert = { level = "critical" }
goes_to = ["slakc"]
[[tests]]
name = "b"
at = "2026-11-30T10:00:00+09:00"
alert = { level = "critical" }
goes_to = []
rule = "rest"
owner = "lee"
[[tests]]
name = "c"
at = "2026-11-30T10:00:00+09:00"
before = [{ ago = "1m", acknowledged = "nothing" }]
alert = { level = "critical" }
goes_to = ["slack"]
"#;
        let failed = run(tests);
        let wants: [&[&str]; 5] = [
            &["routes.toml:7:12: test \"a\"", "\"slack\" meant?"],
            &[
                "routes.toml:12:11: test \"b\": it goes to slack, not to nobody",
                "rule \"page\"",
            ],
            &["routes.toml:13:8: ", "the rule is \"page\", not \"rest\""],
            &["routes.toml:14:9: ", "the owner is nothing, not \"lee\""],
            &["routes.toml:18:11: ", "\"nothing\""],
        ];
        assert_eq!(failed.len(), wants.len(), "{failed:#?}");
        for (said, wants) in failed.iter().zip(wants) {
            for want in wants {
                assert!(said.contains(want), "{said}\nlacks {want:?}");
            }
        }
    }

    #[test]
    fn a_wrong_table_names_line_column_and_remedy() {
        let case =
            |more: &str| format!("[[tests]]\nname = \"a\"\nat = \"2026-11-30T10:00\"\n{more}\n");
        let rest = "alert = { level = \"info\" }\ngoes_to = []";
        let table = [
            (
                case("alert = { levl = 1 }"),
                "routes.toml:4:11: ",
                "\"level\" meant?",
            ),
            (
                case(rest).replace("10:00", "25:00"),
                "routes.toml:3:6: ",
                "no time",
            ),
            (
                case(&format!("{rest}\nheld = \"quite\"")),
                "routes.toml:6:8: ",
                "\"quiet\" meant?",
            ),
            (
                case(&format!("{rest}\nbefore = [{{ ago = \"5m\" }}]")),
                "routes.toml:6:11: ",
                "say one of alert",
            ),
            (
                case(&format!(
                    "{rest}\nthen = [{{ after = 9, goes_to = [] }}, {{ after = 9, goes_to = [] }}]"
                )),
                "routes.toml:6:48: ",
                "each step comes after",
            ),
            (case("goes_to = []"), "routes.toml:1:1: ", "`alert`"),
        ];
        for (text, place, remedy) in table {
            let error = bongsu_config::file::RouteTests::read("routes.toml", &text, "Asia/Seoul");
            let error = error.unwrap_err().to_string();
            assert!(
                error.contains(place) && error.contains(remedy),
                "{text}\n{error}"
            );
        }
    }
}
