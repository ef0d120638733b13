//! `cargo xtask new-channel NAME`: a channel of one's own to start from, with its test.

use std::fs;

use crate::run::{Failure, root, say};

pub(crate) fn scaffold(args: &[String]) -> Result<(), Failure> {
    let [name] = args else {
        return Err(Failure(
            "usage: cargo xtask new-channel NAME, e.g. kakao_work".to_owned(),
        ));
    };
    if !is_module_name(name) {
        return Err(Failure(format!(
            "{name:?} is not a module name: lower-case letters, digits and _, e.g. kakao_work"
        )));
    }
    let alerts = root().join("crates/alerts");
    let file = alerts.join("src/channels").join(format!("{name}.rs"));
    if file.exists() {
        return Err(Failure(format!("{} is there already", file.display())));
    }
    let (module, manifest) = (
        alerts.join("src/channels/mod.rs"),
        alerts.join("Cargo.toml"),
    );
    let with_module = declare(&fs::read_to_string(&module)?, name)?;
    let with_feature = feature(&fs::read_to_string(&manifest)?, name)?;
    fs::write(&file, channel(name))?;
    fs::write(module, with_module)?;
    fs::write(manifest, with_feature)?;
    say(&format!(
        "Wrote {}, declared behind the feature `{name}`.\n\
         Fill in `request` and `outcome`, then: cargo test -p bongsu-alerts --features {name} {name}",
        file.display()
    ));
    Ok(())
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
    let anchor = module
        .find("#[cfg(feature = \"alertmanager\")]\nmod ")
        .zip(module.find("#[cfg(feature = \"alertmanager\")]\npub use "));
    let (declaration, export) =
        anchor.ok_or_else(|| Failure("channels/mod.rs has changed its shape".to_owned()))?;
    let ty = type_name(name);
    let mut out = module.to_owned();
    out.insert_str(
        export,
        &format!("#[cfg(feature = \"{name}\")]\npub use {name}::{ty}Channel;\n"),
    );
    out.insert_str(
        declaration,
        &format!("#[cfg(feature = \"{name}\")]\nmod {name};\n"),
    );
    Ok(out)
}

fn feature(manifest: &str, name: &str) -> Result<String, Failure> {
    let anchor = "default = []\n";
    let at = manifest
        .find(anchor)
        .ok_or_else(|| Failure("crates/alerts/Cargo.toml has changed its shape".to_owned()))?;
    let mut out = manifest.to_owned();
    out.insert_str(at + anchor.len(), &format!("{name} = []\n"));
    Ok(out)
}

fn channel(name: &str) -> String {
    include_str!("new_channel.rs.txt")
        .replace("{name}", name)
        .replace("{Name}", &type_name(name))
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
    fn the_crate_still_has_the_shape_that_is_edited() {
        let alerts = root().join("crates/alerts");
        let module = fs::read_to_string(alerts.join("src/channels/mod.rs")).unwrap();
        let manifest = fs::read_to_string(alerts.join("Cargo.toml")).unwrap();
        let declared = declare(&module, "kakao_work").ok().unwrap();
        assert!(
            declared.contains("mod kakao_work;")
                && declared.contains("pub use kakao_work::KakaoWorkChannel;")
        );
        assert!(
            feature(&manifest, "kakao_work")
                .ok()
                .unwrap()
                .contains("\nkakao_work = []\n")
        );
    }
}
