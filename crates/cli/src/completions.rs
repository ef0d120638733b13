//! `completions`: what a shell offers after `bongsu`.

use crate::{Failure, line::Line, say};

/// What may follow which words; the options of a command are offered with it.
const AFTER: [(&str, &str); 14] = [
    (
        "",
        "doctor alert config report rules new-service completions help --dir --help --version",
    ),
    ("alert", "test explain"),
    (
        "alert explain",
        "--level --title --source --key --message --kind --tag --metadata",
    ),
    ("config", "check show schema"),
    ("config show", "--origin"),
    ("report", "preview send resend rebuild"),
    ("report preview", "--out --period"),
    ("report send", "--recompute"),
    ("report rebuild", "--from"),
    ("rules", "backtest check diff eval test"),
    (
        "rules backtest",
        "--since --every --openmetrics --prometheus",
    ),
    ("rules eval", "--openmetrics --time --start --end --step"),
    ("new-service", "--into"),
    ("completions", "bash zsh fish"),
];

pub(crate) fn print(mut line: Line) -> Result<(), Failure> {
    let shell = line.wanted("bash, zsh or fish")?;
    line.end()?;
    say(&match shell.as_str() {
        "bash" => bash(),
        "zsh" => format!("autoload -U +X bashcompinit && bashcompinit\n{}", bash()),
        "fish" => fish(),
        other => {
            return Err(Failure::Usage(format!(
                "completions {other:?}: there are bash, zsh and fish"
            )));
        }
    });
    Ok(())
}

fn bash() -> String {
    let cases = AFTER.map(|(before, words)| format!("    \"{before}\") words=\"{words}\" ;;"));
    format!(
        "_bongsu() {{\n  local words before=\"${{COMP_WORDS[*]:1:COMP_CWORD-1}}\"\n  \
         case \"$before\" in \"alert explain \"*|\"report \"*\" \"*|\"rules \"*\" \"*) \
         before=\"${{COMP_WORDS[*]:1:2}}\" ;; esac\n  case \"$before\" in\n{}\n  esac\n  \
         COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n}}\n\
         complete -o default -F _bongsu bongsu",
        cases.join("\n")
    )
}

fn fish() -> String {
    let lines = AFTER.iter().map(|(before, words)| {
        let when = match *before {
            "" => "__fish_use_subcommand".to_owned(),
            words => {
                let seen = words.split(' ');
                let seen: Vec<_> = seen
                    .map(|word| format!("__fish_seen_subcommand_from {word}"))
                    .collect();
                seen.join("; and ")
            }
        };
        format!("complete -c bongsu -n '{when}' -a '{words}'")
    });
    lines.collect::<Vec<_>>().join("\n")
}
