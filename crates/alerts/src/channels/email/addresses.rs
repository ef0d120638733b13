//! Mail addresses as people write them.

use lettre::Address;
use lettre::message::Mailbox;

use crate::channels::Problem;

/// The addresses of a list: separated by commas, semicolons or line ends, with names in quotes that may
/// hold any of them.
///
/// ```
/// use bongsu_alerts::channels::addresses;
///
/// let list = addresses("\"Kim, Cheolsu\" <kim@example.com>; lee@example.com,");
/// assert_eq!(list, ["\"Kim, Cheolsu\" <kim@example.com>", "lee@example.com"]);
/// ```
#[must_use]
pub fn addresses(list: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let (mut quoted, mut bracketed, mut escaped) = (false, false, false);
    for c in list.chars() {
        let separates = matches!(c, ',' | ';' | '\n' | '\r') && !quoted && !bracketed;
        match c {
            _ if separates => {
                found.push(String::new());
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            _ => {}
        }
        escaped = c == '\\' && quoted && !escaped;
        if let Some(last) = found.last_mut() {
            last.push(c);
        }
    }
    let trimmed = found.iter().map(|one| one.trim());
    trimmed
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect()
}

/// One address, perhaps with a name. A domain in another script becomes its A-label, which every
/// server takes.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::Missing);
    }
    let wrong = |reason: String| Problem::Address {
        given: text.chars().take(100).collect(),
        reason,
    };
    let mut mailbox: Mailbox = text
        .parse()
        .map_err(|error: lettre::address::AddressError| wrong(error.to_string()))?;
    let domain = mailbox.email.domain();
    if !domain.is_ascii() {
        let ascii = idna::domain_to_ascii(domain)
            .map_err(|_| wrong("the domain has no ASCII form".to_owned()))?;
        mailbox.email =
            Address::new(mailbox.email.user(), ascii).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(mailbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let check = |list: &str, want: &[&str]| assert_eq!(addresses(list), want, "{list}");
        check("", &[]);
        check(" , ;\n", &[]);
        check("a@x", &["a@x"]);
        check("a@x,b@x;c@x\nd@x", &["a@x", "b@x", "c@x", "d@x"]);
        check(
            "\"Kim, Cheolsu\" <kim@x>, lee@x",
            &["\"Kim, Cheolsu\" <kim@x>", "lee@x"],
        );
        check(
            "\"a \\\"b, c\\\"; d\" <e@x>;김철수 <f@x>",
            &["\"a \\\"b, c\\\"; d\" <e@x>", "김철수 <f@x>"],
        );
    }

    #[test]
    fn a_domain_in_another_script_becomes_its_a_label() {
        let check = |text: &str, want: &str| {
            let got = mailbox(text).unwrap();
            assert_eq!(got.email.to_string(), want, "{text}");
        };
        check("desk@봉수.한국", "desk@xn--9n3bo6g.xn--3e0b707e");
        check("데스크 <desk@Example.com>", "desk@Example.com");
        check("\"Kim, Cheolsu\" <kim@x.test>", "kim@x.test");
        assert_eq!(
            mailbox("\"Kim, Cheolsu\" <kim@x.test>")
                .unwrap()
                .name
                .as_deref(),
            Some("Kim, Cheolsu")
        );
        assert!(matches!(mailbox("nobody"), Err(Problem::Address { .. })));
        assert_eq!(mailbox("  "), Err(Problem::Missing));
    }
}
