use std::{fmt, process::ExitCode};

/// How something stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// The service will run, but something will not be as it should.
    Warning,
    /// Something that is configured will not work.
    Failed,
}

impl Verdict {
    /// `ok`, `warning` or `failed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that was looked at. The words never hold a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at: a variable, a channel, the clock.
    pub subject: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found, in words.
    pub detail: String,
    /// What to do about it; none when it is as it should be.
    pub remedy: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            verdict: Verdict::Ok,
            detail: detail.into(),
            remedy: None,
        }
    }

    /// Not as it should be, with what to do about it.
    pub fn warning(
        subject: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Warning,
            remedy: Some(remedy.into()),
            ..Self::ok(subject, detail)
        }
    }

    /// Will not work, with what to do about it.
    pub fn failed(
        subject: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Failed,
            ..Self::warning(subject, detail, remedy)
        }
    }
}

/// Everything that was looked at, in order; displayed as a table.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    findings: Vec<Finding>,
}

impl Diagnosis {
    /// Adds a finding, such as one of the service's own.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Every finding.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The worst verdict of all.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        let verdicts = self.findings.iter().map(|finding| finding.verdict);
        verdicts.max().unwrap_or(Verdict::Ok)
    }

    /// 1 when anything failed, else 0.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.worst() == Verdict::Failed))
    }

    fn count(&self, verdict: Verdict) -> usize {
        let same = |finding: &&Finding| finding.verdict == verdict;
        self.findings.iter().filter(same).count()
    }
}

impl Extend<Finding> for Diagnosis {
    fn extend<T: IntoIterator<Item = Finding>>(&mut self, findings: T) {
        self.findings.extend(findings);
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subjects = self.findings.iter().map(|finding| finding.subject.len());
        let width = subjects.max().unwrap_or(0);
        for finding in &self.findings {
            let Finding {
                subject,
                verdict,
                detail,
                remedy,
            } = finding;
            writeln!(f, "{verdict:<7}  {subject:<width$}  {detail}")?;
            if let Some(remedy) = remedy {
                writeln!(f, "{:<7}  {:<width$}  → {remedy}", "", "")?;
            }
        }
        let (ok, warnings, failed) = (
            self.count(Verdict::Ok),
            self.count(Verdict::Warning),
            self.count(Verdict::Failed),
        );
        let plural = if warnings == 1 { "" } else { "s" };
        write!(f, "{ok} ok, {warnings} warning{plural}, {failed} failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_the_remedy_under_its_finding() {
        let mut diagnosis = Diagnosis::default();
        assert_eq!(diagnosis.worst(), Verdict::Ok);
        diagnosis.extend([
            Finding::ok("clock", "right"),
            Finding::warning("time zone", "none", "install tzdata"),
        ]);
        assert_eq!(diagnosis.worst(), Verdict::Warning);
        diagnosis.push(Finding::failed("email", "refused", "see SMTP_HOST"));
        assert_eq!(diagnosis.worst(), Verdict::Failed);
        assert_eq!(
            diagnosis.to_string(),
            "\
ok       clock      right
warning  time zone  none
                    → install tzdata
failed   email      refused
                    → see SMTP_HOST
1 ok, 1 warning, 1 failed"
        );
    }
}
