//! No text of the data becomes markup, in any field of any page.

use bongsu_console::Lang;
use proptest::prelude::*;

use crate::{hostile::pages, markup};

/// Most bytes of a page of one of everything.
const MOST: usize = 100 * 1024;

/// The page's tags are those that it has with a harmless text, and nothing may run inside them.
fn check(t: &str, lang: Lang) {
    for ((name, page), (_, plain)) in pages(t, lang).into_iter().zip(pages("plain", lang)) {
        let names = |page: &str| -> Vec<(String, Vec<String>)> {
            let (tags, _) = markup::read(page);
            let keys = tags.into_iter().map(|tag| {
                let keys = tag.attributes.into_iter().map(|(key, _)| key).collect();
                (tag.name, keys)
            });
            keys.collect()
        };
        assert_eq!(names(&page), names(&plain), "{name} with {t:?}");
        assert!(
            page.len() <= MOST,
            "{name} with {t:?}: {} bytes",
            page.len()
        );
    }
}

/// As long as a text of a service may be that is not cut before.
#[test]
fn long_texts() {
    for unit in ["<", "\"'", "한", "a ", "&lt;"] {
        for lang in Lang::ALL {
            check(&unit.repeat(120 / unit.len()), lang);
        }
    }
}

#[test]
fn hostile_texts() {
    for t in [
        "<script>alert(1)</script>",
        "</title><script>alert(1)</script>",
        "\" onmouseover=\"alert(1)",
        "' onfocus='alert(1)' autofocus='",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "</svg><style>*{display:none}</style>",
        "]]><!--",
        "-->",
        "{{ 7 * 7 }}",
        "&lt;b&gt;",
        "javascript:alert(1)",
        "\u{202e}\u{0}\u{feff}",
        "a\r\ndata: b",
        "`${1}`",
    ] {
        for lang in Lang::ALL {
            check(t, lang);
            for (name, page) in pages(t, lang) {
                let raw = t.contains('<') && page.contains(t);
                assert!(!raw, "{name}: {t:?} is not escaped in {page}");
            }
        }
    }
}

#[test]
fn no_address_is_made_of_data() {
    for (name, page) in pages("javascript:alert(1)", Lang::En) {
        let (tags, _) = markup::read(&page);
        for tag in tags {
            for (key, value) in tag.attributes {
                assert!(!key.starts_with("on") && key != "style", "{name}: {key}");
                if ["href", "src", "action"].contains(&key.as_str()) {
                    // `?` stays on the page.
                    let ours = value.starts_with("/console") || value.starts_with(['#', '?']);
                    assert!(ours, "{name}: {key}={value}");
                }
            }
            assert_ne!(tag.name, "style", "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text(t in "[<>\"'&=/a-z가-힣\\x00-\\x1f{}-]{1,40}", ko in any::<bool>()) {
        check(&t, if ko { Lang::Ko } else { Lang::En });
    }
}
