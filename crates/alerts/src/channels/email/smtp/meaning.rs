//! What a reply or a failure means at a step: pure.

use super::connection::Failure;
use super::reply::Reply;
use crate::channel::Outcome;
use crate::render::fit::{Unit, fit, one_line, verbatim};

/// Where an exchange is: the same reply means different things at different steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    Hello,
    StartTls,
    Auth,
    Sender,
    Recipient,
    Data,
    /// The content goes out; without its end it is nothing.
    Content,
    /// The content is out, the verdict is not in.
    Verdict,
    Reset,
}

impl Step {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Content | Self::Verdict => "the message",
            Self::Reset => "RSET",
        }
    }

    /// Whether the mail may have arrived when this step gets no answer.
    pub(super) const fn may_have_arrived(self) -> bool {
        matches!(self, Self::Verdict)
    }
}

/// Servers put off what they have against the connection, the greeting, the login or the sender until
/// the recipient is named; these words tell that it is not about the recipient.
const NOT_THE_RECIPIENT: [&str; 8] = [
    "helo",
    "ehlo",
    "client host",
    "sender address rejected",
    "sender rejected",
    "not owned by user",
    "authentication required",
    "must authenticate",
];

/// A reply that does not let the exchange go on. `about`: the address that the step names.
pub(super) fn refusal(step: Step, reply: &Reply, about: Option<&str>) -> Outcome {
    let code = reply.code;
    let subject = match about {
        Some(address) => format!("{} <{address}>", step.name()),
        None => step.name().to_owned(),
    };
    let said = reply.text();
    let reason = clip(&format!("{subject}: {code} {said}"));
    let lower = said.to_ascii_lowercase();
    match (code, step) {
        (400..=499, _) => Outcome::transient(reason),
        // "Permanent" to the protocol, yet it is the channel that is wrong, not the mail.
        (530 | 534 | 535 | 538, _) => Outcome::broken(reason),
        (500..=599, Step::Connect | Step::Hello | Step::StartTls | Step::Auth | Step::Reset) => {
            Outcome::broken(reason)
        }
        // Too large for this server: about the mail, whoever sends it.
        (552, _) => Outcome::permanent(reason),
        (500..=599, Step::Sender) => Outcome::broken(reason),
        // 504 at this step is what is said of a greeting with a short name.
        (504, Step::Recipient) => Outcome::broken(reason),
        (500..=599, Step::Recipient)
            if NOT_THE_RECIPIENT.iter().any(|word| lower.contains(word)) =>
        {
            Outcome::broken(reason)
        }
        (500..=599, _) => Outcome::permanent(reason),
        // A reply to something else: the two sides are out of step.
        _ => Outcome::Transient {
            reason: clip(&format!("unexpected answer to {subject}: {code} {said}")),
            retry_after: None,
            maybe_delivered: step.may_have_arrived(),
        },
    }
}

/// No reply at all.
pub(super) fn failure(step: Step, failure: Failure) -> Outcome {
    let name = step.name();
    match failure {
        Failure::Tls(words) if matches!(step, Step::Connect | Step::StartTls) => {
            Outcome::broken(clip(&format!("{name}: {words}")))
        }
        Failure::Tls(words) => lost(step, &format!("{name}: {words}")),
        Failure::Lost(error) => lost(step, &format!("{name}: {error}")),
        Failure::Garbled(words) => lost(step, &format!("{name}: not an SMTP reply: {words}")),
    }
}

/// No reply in time.
pub(super) fn late(step: Step) -> Outcome {
    lost(step, &format!("no answer to {} in time", step.name()))
}

fn lost(step: Step, words: &str) -> Outcome {
    Outcome::Transient {
        reason: clip(words),
        retry_after: None,
        maybe_delivered: step.may_have_arrived(),
    }
}

pub(super) fn clip(text: &str) -> String {
    fit(&one_line(text), 300, Unit::Chars, verbatim).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_table() {
        let check = |step, code, text: &str, want: &str| {
            let reply = Reply {
                code,
                lines: vec![text.to_owned()],
            };
            let got = refusal(step, &reply, Some("a@b"));
            assert_eq!(got.as_str(), want, "{step:?} {code} {text}");
            assert!(got.reason().contains("<a@b>"), "{got:?}");
        };
        check(Step::Connect, 421, "busy", "transient");
        check(Step::Connect, 554, "no", "broken");
        check(Step::Hello, 550, "who are you", "broken");
        check(Step::Auth, 535, "no", "broken");
        check(Step::Auth, 534, "no", "broken");
        check(Step::Auth, 454, "later", "transient");
        check(Step::Sender, 530, "login first", "broken");
        check(Step::Sender, 451, "later", "transient");
        check(Step::Sender, 553, "sender refused", "broken");
        check(Step::Sender, 552, "too large", "permanent");
        check(Step::Recipient, 450, "greylisted", "transient");
        check(Step::Recipient, 452, "4.2.2 mailbox full", "transient");
        check(Step::Recipient, 550, "5.1.1 user unknown", "permanent");
        check(
            Step::Recipient,
            554,
            "5.7.1 relay access denied",
            "permanent",
        );
        check(
            Step::Recipient,
            504,
            "5.5.2 <vm>: Helo command rejected: need fully-qualified hostname",
            "broken",
        );
        check(
            Step::Recipient,
            550,
            "5.7.1 <vm>: Helo command rejected: Host not found",
            "broken",
        );
        check(
            Step::Recipient,
            554,
            "5.7.1 <unknown[10.0.0.1]>: Client host rejected",
            "broken",
        );
        check(
            Step::Recipient,
            553,
            "5.7.1 <x@y>: Sender address rejected: not owned by user",
            "broken",
        );
        check(Step::Data, 452, "no room", "transient");
        check(Step::Verdict, 451, "later", "transient");
        check(Step::Verdict, 552, "too large", "permanent");
        check(Step::Verdict, 554, "spam", "permanent");
        check(Step::Verdict, 354, "go on", "transient");
        check(Step::Recipient, 235, "welcome", "transient");
    }
}
