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
    for feature in bongsu::FEATURES {
        assert!(
            README.contains(&format!("`{feature}`")),
            "{feature} is not in the feature table"
        );
    }
}
