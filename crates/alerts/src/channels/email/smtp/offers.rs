//! What a server says that it can do. Keywords are compared without regard to case.

use super::reply::Reply;

/// A way to authenticate that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Login,
}

/// The offers of an EHLO reply; of a HELO reply there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offers {
    pub(super) start_tls: bool,
    pub(super) eight_bit: bool,
    pub(super) utf8_addresses: bool,
    /// Every mechanism by name.
    pub(super) auth: Vec<String>,
}

impl Offers {
    pub(super) fn of(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            // `AUTH=LOGIN PLAIN` is how some servers told it before the standard, and still do.
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("STARTTLS") => offers.start_tls = true,
                Some("8BITMIME") => offers.eight_bit = true,
                Some("SMTPUTF8") => offers.utf8_addresses = true,
                Some("AUTH") => {
                    for word in words.map(str::to_owned) {
                        if !offers.auth.contains(&word) {
                            offers.auth.push(word);
                        }
                    }
                }
                _ => {}
            }
        }
        offers
    }

    /// The best way in common.
    pub(super) fn mechanism(&self) -> Option<Mechanism> {
        let offered = |name: &str| self.auth.iter().any(|known| known == name);
        if offered("PLAIN") {
            Some(Mechanism::Plain)
        } else {
            offered("LOGIN").then_some(Mechanism::Login)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_in_any_case_and_the_old_form() {
        let check = |lines: &[&str], auth: Option<Mechanism>, tls: bool| {
            let lines = std::iter::once(&"mail.test greets you").chain(lines);
            let offers = Offers::of(&Reply {
                code: 250,
                lines: lines.map(|&line| line.to_owned()).collect(),
            });
            assert_eq!(
                (offers.mechanism(), offers.start_tls),
                (auth, tls),
                "{offers:?}"
            );
        };
        check(&["AUTH PLAIN LOGIN"], Some(Mechanism::Plain), false);
        check(
            &["auth plain login", "starttls"],
            Some(Mechanism::Plain),
            true,
        );
        check(&["AUTH=LOGIN PLAIN"], Some(Mechanism::Plain), false);
        check(&["AUTH=LOGIN", "AUTH LOGIN"], Some(Mechanism::Login), false);
        check(&["Auth Login"], Some(Mechanism::Login), false);
        check(&["AUTH CRAM-MD5 XOAUTH2"], None, false);
        check(&["STARTTLSX", "XAUTH PLAIN"], None, false);
        check(&[], None, false);
    }
}
