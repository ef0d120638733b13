//! `cargo xtask new-channel NAME`: a whole channel to start from, with its tests. Here it is a folder of
//! `bongsu-alerts`; with `--into FOLDER` it is a module of a crate of your own.
//!
//! The template is the folder `new_channel/pigeon`, which the tests of `bongsu-alerts` compile and run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Failure, root, say};

const USAGE: &str = "usage: cargo xtask new-channel NAME [--into FOLDER [--from CRATE]], e.g.\n  \
     cargo xtask new-channel kakao_work\n  \
     cargo xtask new-channel kakao_work --into ../desk/src --from bongsu::alerts";

/// The files of a channel.
const FILES: [(&str, &str); 3] = [
    ("mod.rs", include_str!("new_channel/pigeon/mod.rs")),
    ("render.rs", include_str!("new_channel/pigeon/render.rs")),
    ("tests.rs", include_str!("new_channel/pigeon/tests.rs")),
];
/// How an operator asks for it: for this crate alone, a crate of one's own hands the channel over.
const KIND: &str = r#"//! Pigeon as an operator asks for it.

use super::super::kind::{ChannelKind, ChannelVariable, Make};

pub(super) const KIND: ChannelKind = ChannelKind {
    name: "pigeon",
    variables: VARIABLES,
    min_level: Some("PIGEON_MIN_LEVEL"),
    review: |_| Vec::new(),
    make: MAKE,
};

const VARIABLES: &[ChannelVariable] = &[ChannelVariable::new(
    "PIGEON_WEBHOOK_URL",
    "url",
    "webhook, or several separated by commas",
)
.urls()];

#[cfg(not(feature = "pigeon"))]
const MAKE: Option<Make> = None;
#[cfg(feature = "pigeon")]
const MAKE: Option<Make> = Some(|asked, made| {
    made.keep_each(VARIABLES, asked, "pigeon", |url, id| {
        let channel = crate::channels::PigeonChannel::new(url)?;
        channel.with_id(id).with_http(&asked.way.http())
    });
});
"#;
/// What the template calls the crate.
const TEMPLATE_CRATE: &str = "bongsu_alerts";

pub(crate) fn scaffold(args: &[String]) -> Result<(), Failure> {
    let mut words = args.iter().map(String::as_str);
    let name = words.next().ok_or_else(|| Failure(USAGE.to_owned()))?;
    if !is_module_name(name) {
        return Err(Failure(format!(
            "{name:?} is not a module name: lower-case letters, digits and _, e.g. kakao_work"
        )));
    }
    let (mut into, mut from) = (None, "bongsu::alerts");
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| Failure(USAGE.to_owned()))?;
        match word {
            "--into" => into = Some(PathBuf::from(value)),
            "--from" => from = value,
            _ => return Err(Failure(USAGE.to_owned())),
        }
    }
    match into {
        Some(folder) => into_a_crate(&folder.join(name), name, from),
        None => into_this_one(name),
    }
}

fn into_a_crate(folder: &Path, name: &str, from: &str) -> Result<(), Failure> {
    write(folder, name, from)?;
    let ty = type_name(name);
    say(&format!(
        "Wrote {}. Declare it with `mod {name};`, hand `{name}::{ty}Channel::new(url)?` to \
         `Builder::channel`, and fill in `outcome` and `render`.\n\
         It needs {from} with a channel over HTTP (feature `webhook`, say), and nothing else.",
        folder.display()
    ));
    Ok(())
}

fn into_this_one(name: &str) -> Result<(), Failure> {
    let alerts = root().join("crates/alerts");
    let (module, kinds, manifest) = (
        alerts.join("src/channels/mod.rs"),
        alerts.join("src/channels/kinds.rs"),
        alerts.join("Cargo.toml"),
    );
    let facade = root().join("crates/bongsu/Cargo.toml");
    let config = root().join("crates/config/Cargo.toml");
    let features = root().join("crates/config/src/features.rs");
    let with_module = declare(&fs::read_to_string(&module)?, name)?;
    let with_kind = register(&fs::read_to_string(&kinds)?, name)?;
    let with_feature = feature(&fs::read_to_string(&manifest)?, name)?;
    let with_facade = facade_feature(&fs::read_to_string(&facade)?, name)?;
    let with_name = named(&fs::read_to_string(&features)?, name)?;
    let with_config = config_feature(&fs::read_to_string(&config)?, name)?;
    let folder = alerts.join("src/channels").join(name);
    write(&folder, name, "crate")?;
    fs::write(folder.join("kind.rs"), filled(KIND, name, "crate"))?;
    fs::write(module, with_module)?;
    fs::write(kinds, with_kind)?;
    fs::write(manifest, with_feature)?;
    fs::write(facade, with_facade)?;
    fs::write(config, with_config)?;
    fs::write(features, with_name)?;
    say(&format!(
        "Wrote {}, declared behind the feature `{name}` here, in bongsu-config and in the facade.\n\
         Fill in `outcome` and `render`, then: cargo test -p bongsu-alerts --features {name} {name}\n\
         Its variables and how it is made of them: kind.rs in that folder; the README's table follows them.",
        folder.display()
    ));
    Ok(())
}

/// Writes the folder, which must not be there yet.
fn write(folder: &Path, name: &str, from: &str) -> Result<(), Failure> {
    if folder.exists() {
        return Err(Failure(format!("{} is there already", folder.display())));
    }
    fs::create_dir_all(folder)?;
    for (file, template) in FILES {
        fs::write(folder.join(file), filled(template, name, from))?;
    }
    Ok(())
}

fn filled(template: &str, name: &str, from: &str) -> String {
    template
        .replace(TEMPLATE_CRATE, from)
        .replace("pigeon", name)
        .replace("PIGEON", &name.to_uppercase())
        .replace("Pigeon", &type_name(name))
}

fn is_module_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// `kakao_work` → `KakaoWork`.
fn type_name(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

fn declare(module: &str, name: &str) -> Result<String, Failure> {
    let at = module
        .find("mod log;\n")
        .ok_or_else(|| Failure("channels/mod.rs has changed its shape".to_owned()))?;
    let ty = type_name(name);
    let mut out = module.to_owned();
    out.insert_str(
        at,
        &format!(
            "#[cfg(feature = \"{name}\")]\nmod {name};\n#[cfg(feature = \"{name}\")]\npub use {name}::{ty}Channel;\n\n"
        ),
    );
    Ok(out)
}

fn register(kinds: &str, name: &str) -> Result<String, Failure> {
    let module = format!("#[path = \"{name}/kind.rs\"]\nmod {name};\n");
    let changed = || Failure("channels/kinds.rs has changed its shape".to_owned());
    let at = kinds.find("#[path").ok_or_else(changed)?;
    let mut out = kinds.to_owned();
    out.insert_str(at, &module);
    let end = out.rfind("];").ok_or_else(changed)?;
    out.insert_str(end, &format!("    {name}::KIND,\n"));
    Ok(out)
}

fn feature(manifest: &str, name: &str) -> Result<String, Failure> {
    insert_after(
        manifest,
        "default = []\n",
        &format!("{name} = [\"http\"]\n"),
    )
    .ok_or_else(|| Failure("crates/alerts/Cargo.toml has changed its shape".to_owned()))
}

fn facade_feature(manifest: &str, name: &str) -> Result<String, Failure> {
    let line = format!("{name} = [\"_http\", \"bongsu-config/{name}\"]\n");
    insert_after(manifest, "# One a channel.\n", &line)
        .and_then(|out| insert_after(&out, "full = [", &format!("\"{name}\", ")))
        .ok_or_else(|| Failure("crates/bongsu/Cargo.toml has changed its shape".to_owned()))
}

fn config_feature(manifest: &str, name: &str) -> Result<String, Failure> {
    let line = format!("{name} = [\"_http\", \"bongsu-alerts/{name}\"]\n");
    insert_after(manifest, "# One a channel.\n", &line)
        .ok_or_else(|| Failure("crates/config/Cargo.toml has changed its shape".to_owned()))
}

fn named(features: &str, name: &str) -> Result<String, Failure> {
    let line = format!("    (\"{name}\", cfg!(feature = \"{name}\")),\n");
    insert_after(features, "&[(&str, bool)] = &[\n", &line)
        .ok_or_else(|| Failure("crates/config/src/features.rs has changed its shape".to_owned()))
}

fn insert_after(text: &str, anchor: &str, line: &str) -> Option<String> {
    let at = text.find(anchor)? + anchor.len();
    let mut out = text.to_owned();
    out.insert_str(at, line);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(is_module_name("kakao_work") && is_module_name("x1"));
        assert!(
            !is_module_name("")
                && !is_module_name("Kakao")
                && !is_module_name("a-b")
                && !is_module_name("1a")
        );
        assert_eq!(type_name("kakao_work"), "KakaoWork");
    }

    #[test]
    fn the_crates_still_have_the_shape_that_is_edited() {
        let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let module = read("crates/alerts/src/channels/mod.rs");
        let declared = declare(&module, "kakao_work").ok().unwrap();
        assert!(
            declared.contains("mod kakao_work;")
                && declared.contains("pub use kakao_work::KakaoWorkChannel;")
        );
        let named = named(&read("crates/config/src/features.rs"), "kakao_work");
        assert!(named.ok().unwrap().contains("    (\"kakao_work\", cfg!"));
        let registered = register(&read("crates/alerts/src/channels/kinds.rs"), "kakao_work");
        let registered = registered.ok().unwrap();
        assert!(registered.contains("#[path = \"kakao_work/kind.rs\"]\nmod kakao_work;\n"));
        assert!(registered.ends_with("    kakao_work::KIND,\n];\n"));
        let featured = feature(&read("crates/alerts/Cargo.toml"), "kakao_work");
        assert!(
            featured
                .ok()
                .unwrap()
                .contains("\nkakao_work = [\"http\"]\n")
        );
        let facade = facade_feature(&read("crates/bongsu/Cargo.toml"), "kakao_work");
        let facade = facade.ok().unwrap();
        assert!(facade.contains("\nkakao_work = [\"_http\", \"bongsu-config/kakao_work\"]\n"));
        let config = config_feature(&read("crates/config/Cargo.toml"), "kakao_work");
        let config = config.ok().unwrap();
        assert!(config.contains("\nkakao_work = [\"_http\", \"bongsu-alerts/kakao_work\"]\n"));
        assert!(facade.contains("full = [\"kakao_work\", "));
    }

    #[test]
    fn nothing_of_the_template_is_left() {
        let folder = std::env::temp_dir().join(format!("new-channel-{}", std::process::id()));
        let words = |path: &str| path.to_owned();
        let args = [
            words("kakao_work"),
            words("--into"),
            folder.display().to_string(),
        ];
        assert!(scaffold(&args).is_ok());
        assert!(scaffold(&args).is_err(), "it is there already");
        for (file, _) in FILES {
            let text = fs::read_to_string(folder.join("kakao_work").join(file)).unwrap();
            assert!(!text.to_lowercase().contains("pigeon"), "{file}");
            assert!(!text.contains(TEMPLATE_CRATE), "{file}");
            assert!(text.contains("bongsu::alerts::author"), "{file}");
        }
        fs::remove_dir_all(folder).unwrap();
        let here = filled(FILES[0].1, "kakao_work", "crate");
        assert!(here.contains("use crate::author::{"));
    }
}
