//! A kind of channel as an operator asks for it: by variables, as data, whether it is compiled in or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use bongsu_secret::Secret;
use futures_util::future::BoxFuture;

use super::error::ChannelConfigError;
use crate::channel::Channel;

/// A kind of channel: one entry of [`KINDS`](super::KINDS), kept in the channel's own folder.
///
/// ```
/// use bongsu_alerts::channels::KINDS;
///
/// let slack = KINDS.iter().find(|kind| kind.name == "slack").unwrap();
/// assert_eq!(slack.variables[0].name, "SLACK_WEBHOOK_URL");
/// assert!(slack.variables[0].secret);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ChannelKind {
    /// Its name, also that of the feature that it needs.
    pub name: &'static str,
    /// The variables that ask for it, the one that turns it on first.
    pub variables: &'static [ChannelVariable],
    /// The variable that holds its least level; none where levels do not go through it.
    pub min_level: Option<&'static str>,
    pub(super) review: fn(&mut Given) -> Vec<Remark>,
    /// None: not compiled in.
    pub(super) make: Option<Make>,
}

pub(super) type Make = fn(&Asked<'_>, &mut Made);

/// An environment variable of a kind of channel.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ChannelVariable {
    /// `SLACK_WEBHOOK_URL`.
    pub name: &'static str,
    /// The field that it becomes, as a [`ChannelConfigError`] names it.
    pub field: &'static str,
    /// What holds when it is unset; empty when nothing does.
    pub default: &'static str,
    /// What it means, with its form.
    pub help: &'static str,
    /// Never shown.
    pub secret: bool,
    /// Whether services have it for themselves: what of it cannot be used is then no error.
    pub shared: bool,
    /// Another variable without which it means nothing.
    pub needs: Option<&'static str>,
    /// Whether it lists endpoints over HTTP.
    pub urls: bool,
    /// Whether a text can be a value at all, or what would be right.
    pub check: fn(&str) -> Result<(), String>,
}

impl ChannelVariable {
    pub(super) const fn new(name: &'static str, field: &'static str, help: &'static str) -> Self {
        Self {
            name,
            field,
            default: "",
            help,
            secret: false,
            shared: false,
            needs: None,
            urls: false,
            check: |_| Ok(()),
        }
    }

    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Endpoints whose addresses are secrets.
    pub(super) const fn urls(mut self) -> Self {
        (self.secret, self.urls) = (true, true);
        self
    }

    pub(super) const fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    pub(super) const fn needs(mut self, other: &'static str) -> Self {
        self.needs = Some(other);
        self
    }

    pub(super) const fn checked(
        mut self,
        default: &'static str,
        check: fn(&str) -> Result<(), String>,
    ) -> Self {
        (self.default, self.check) = (default, check);
        self
    }
}

/// What was given of the channels' variables.
#[derive(Debug, Clone, Default)]
pub struct Given(BTreeMap<&'static str, (String, Secret)>);

impl Given {
    /// `variable` was found under the name `found` (its own, or one that stands before it).
    pub fn set(&mut self, variable: &'static str, found: String, value: Secret) {
        self.0.insert(variable, (found, value));
    }

    /// Takes it back: it is somebody else's.
    pub fn remove(&mut self, variable: &str) {
        self.0.remove(variable);
    }

    /// The text of a variable.
    #[must_use]
    pub fn text(&self, variable: &str) -> Option<&str> {
        self.secret(variable).map(Secret::expose)
    }

    /// The value of a variable.
    #[must_use]
    pub fn secret(&self, variable: &str) -> Option<&Secret> {
        self.0.get(variable).map(|(_, value)| value)
    }

    /// The name under which a variable was found.
    #[must_use]
    pub fn found(&self, variable: &str) -> Option<&str> {
        self.0.get(variable).map(|(found, _)| found.as_str())
    }

    /// The items of a variable that lists some, separated by commas.
    #[must_use]
    pub fn items(&self, variable: &str) -> Vec<String> {
        let items = self.text(variable).unwrap_or_default().split(',');
        let items = items.map(str::trim).filter(|item| !item.is_empty());
        items.map(str::to_owned).collect()
    }
}

/// Something to say about what was given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// The service must not start like this.
    Problem(&'static str, String),
    /// It will not do what it seems to.
    Warning(String, String),
    /// What was wrong with this variable is no business of somebody else's after all.
    Ours(&'static str),
}

/// By what way channels reach the world.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct WayOut {
    /// A proxy for whatever goes over HTTP.
    pub proxy: Option<Secret>,
    /// A proxy for `https` alone.
    pub https_proxy: Option<Secret>,
    /// A proxy for `http` alone.
    pub http_proxy: Option<Secret>,
    /// Hosts reached without one, separated by commas; this machine always is.
    pub no_proxy: Option<String>,
    /// Certificate authorities to trust besides the machine's, PEM.
    pub ca_pem: Option<Vec<u8>>,
}

#[cfg(feature = "http")]
impl WayOut {
    /// The same for a channel over HTTP.
    #[must_use]
    pub fn http(&self) -> crate::http::HttpOptions {
        let mut options = crate::http::HttpOptions::new();
        options.proxy.clone_from(&self.proxy);
        options.https_proxy.clone_from(&self.https_proxy);
        options.http_proxy.clone_from(&self.http_proxy);
        let others = self.no_proxy.as_deref().unwrap_or_default();
        options.no_proxy = Some(format!("localhost,127.0.0.0/8,::1,{others}"));
        options.ca_pem.clone_from(&self.ca_pem);
        options
    }
}

/// Who is written to: the channels are the same, the recipients of mail may not be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Alerts.
    Alerts,
    /// Reports.
    Reports,
}

/// What channels are made of.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The variables.
    pub given: &'a Given,
    /// The way out.
    pub way: &'a WayOut,
    /// Who is written to.
    pub purpose: Purpose,
}

/// What came of it.
#[derive(Default)]
#[non_exhaustive]
pub struct Made {
    /// The channels.
    pub channels: Vec<Arc<dyn Channel>>,
    /// Work that has to run beside them for as long as they are used, by name.
    pub background: Vec<(&'static str, BoxFuture<'static, ()>)>,
    /// What is wrong: the variable, and why.
    pub problems: Vec<(&'static str, String)>,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made")
            .field("channels", &self.channels)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl ChannelKind {
    /// Whether this build has it.
    #[must_use]
    pub const fn is_compiled(&self) -> bool {
        self.make.is_some()
    }

    /// What there is to say about what was given, before anything is made of it. What turns out to be
    /// somebody else's is taken out.
    pub fn review(&self, given: &mut Given) -> Vec<Remark> {
        let mut remarks = (self.review)(given);
        for variable in self.variables {
            let Some(needed) = variable.needs.filter(|it| given.text(it).is_none()) else {
                continue;
            };
            if let Some(found) = given.found(variable.name) {
                let message = format!("is set without {needed} and does nothing; set that too");
                remarks.push(Remark::Warning(found.to_owned(), message));
            }
        }
        remarks
    }

    /// Makes the channels that were asked for, none if none was; every wrong variable is named.
    pub fn make(&self, asked: &Asked<'_>, made: &mut Made) {
        if let Some(make) = self.make {
            make(asked, made);
        }
    }
}

impl Made {
    /// Keeps the channel, or what is wrong under the variables that its fields came from.
    pub fn keep<C: Channel>(
        &mut self,
        variables: &'static [ChannelVariable],
        channel: Result<C, ChannelConfigError>,
    ) {
        match channel {
            Ok(channel) => self.channels.push(Arc::new(channel)),
            Err(error) => self.refuse(variables, &error),
        }
    }

    /// One channel for each item of the first variable: `slack`, `slack-2`, ….
    pub fn keep_each<C: Channel>(
        &mut self,
        variables: &'static [ChannelVariable],
        asked: &Asked<'_>,
        kind: &str,
        make: impl Fn(Secret, String) -> Result<C, ChannelConfigError>,
    ) {
        let items = asked.given.items(variables[0].name);
        for (index, item) in items.into_iter().enumerate() {
            let id = match index {
                0 => kind.to_owned(),
                index => format!("{kind}-{}", index + 1),
            };
            self.keep(variables, make(Secret::new(item), id));
        }
    }

    /// Notes what is wrong under the variables that the fields came from.
    pub fn refuse(&mut self, variables: &'static [ChannelVariable], error: &ChannelConfigError) {
        for found in &error.problems {
            let variable = match found.field {
                // What concerns the way out is no channel's own.
                "http" => "BONGSU_PROXY_URL",
                "tls" => "BONGSU_CA_FILE",
                field => {
                    let own = variables.iter().find(|variable| variable.field == field);
                    own.unwrap_or(&variables[0]).name
                }
            };
            let problem = (variable, found.problem.to_string());
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}
