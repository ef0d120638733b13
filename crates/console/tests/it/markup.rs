//! A reader of HTML, strict where an injection would show: it knows the tags and attributes that
//! the templates use and refuses every other.

/// An opening tag.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
}

const VOID: &[&str] = &[
    "!doctype", "br", "circle", "input", "link", "meta", "path", "rect",
];

/// The opening tags of a page and its text; panics where it is not well-formed.
#[track_caller]
pub(crate) fn read(page: &str) -> (Vec<Tag>, String) {
    let (mut tags, mut text, mut open) = (Vec::new(), String::new(), Vec::<String>::new());
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        if let Some(closing) = rest.strip_prefix('/') {
            let end = closing.find('>').unwrap();
            assert_eq!(open.pop().as_deref(), Some(&closing[..end]), "nesting");
            if ["dd", "dt", "li", "option", "td", "th"].contains(&&closing[..end]) {
                text.push(' ');
            }
            rest = &closing[end + 1..];
            continue;
        }
        let (tag, closed, after) = tag(rest);
        if !closed && !VOID.contains(&tag.name.as_str()) {
            open.push(tag.name.clone());
        }
        tags.push(tag);
        rest = after;
    }
    text.push_str(rest);
    assert_eq!(open, Vec::<String>::new(), "left open");
    assert!(!text.contains('>'), "a bracket in text");
    (tags, text)
}

fn tag(source: &str) -> (Tag, bool, &str) {
    let end = source
        .find(|c: char| c.is_whitespace() || "/>".contains(c))
        .unwrap();
    let (name, mut rest) = source.split_at(end);
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return (
                Tag {
                    name: name.to_owned(),
                    attributes,
                },
                true,
                after,
            );
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (
                Tag {
                    name: name.to_owned(),
                    attributes,
                },
                false,
                after,
            );
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || "=/>".contains(c))
            .unwrap();
        let (key, after) = rest.split_at(end);
        assert!(
            key.chars().all(|c| c.is_ascii_alphabetic() || c == '-'),
            "attribute {key:?}"
        );
        let value = match after.strip_prefix("=\"") {
            Some(quoted) => {
                let end = quoted.find('"').unwrap();
                rest = &quoted[end + 1..];
                quoted[..end].to_owned()
            }
            None => {
                rest = after;
                String::new()
            }
        };
        attributes.push((key.to_owned(), value));
    }
}
