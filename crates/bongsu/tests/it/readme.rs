use bongsu::config::variables;

const README: &str = include_str!("../../../../README.md");

#[test]
fn the_table_of_variables_is_the_codes() {
    let (begin, end) = ("<!-- variables -->\n", "<!-- /variables -->");
    let start = README.find(begin).expect("the marker is there") + begin.len();
    let length = README[start..].find(end).expect("the end marker is there");
    let want = format!("\n{}", variables::markdown());
    assert_eq!(
        &README[start..start + length],
        want,
        "put this between the markers in README.md:\n{want}"
    );
}

#[test]
fn every_feature_is_in_the_readme() {
    for feature in bongsu::features() {
        assert!(
            README.contains(&format!("`{feature}`")),
            "{feature} is not in the feature table"
        );
    }
}

/// What follows each `](`, up to the parenthesis.
fn links() -> impl Iterator<Item = &'static str> {
    let ends = README.split("](").skip(1);
    ends.filter_map(|rest| rest.split(')').next())
}

/// As the heading's anchor is made: lower case, spaces to hyphens, the rest left out.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || *c == ' ');
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_link_leads_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let headings = README.lines().filter_map(|line| line.strip_prefix("## "));
    let anchors: Vec<String> = headings.map(anchor).collect();
    let (mut files, mut places) = (0, 0);
    for link in links().filter(|link| !link.starts_with("http")) {
        if let Some(place) = link.strip_prefix('#') {
            places += 1;
            assert!(anchors.iter().any(|a| a == place), "#{place}: {anchors:?}");
        } else {
            files += 1;
            assert!(root.join(link).exists(), "{link} is not there");
        }
    }
    assert!(files > 5 && places > 0, "{files} files, {places} places");
}
