//! Pigeon: what it is, and where its API is described.

use bongsu_alerts::author::{
    Answer, Attempt, Carries, Channel, ChannelConfigError, Content, Endpoint, HttpOptions, Limits,
    Notification, Outcome, Problems, RenderError, Rendered, ReportForm, Request, Secret, Target,
    async_trait,
};

mod render;

/// Posts to one webhook of Pigeon.
#[derive(Debug, Clone)]
pub struct PigeonChannel {
    id: String,
    endpoint: Endpoint,
}

impl PigeonChannel {
    /// The webhook's URL is its credential.
    ///
    /// # Errors
    /// When the URL cannot be right.
    pub fn new(url: impl Into<Secret>) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("pigeon");
        let endpoint = problems.keep("url", Endpoint::secret(url));
        Ok(Self {
            id: "pigeon".to_owned(),
            endpoint: problems.finish(endpoint)?,
        })
    }

    /// Sets the name in rules and metrics; default `pigeon`.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets how to connect: a proxy, a private certificate authority, time limits.
    ///
    /// # Errors
    /// When the certificate or the proxy cannot be used.
    pub fn with_http(mut self, options: &HttpOptions) -> Result<Self, ChannelConfigError> {
        let mut problems = Problems::of("pigeon");
        let endpoint = problems.keep("http", self.endpoint.connect(options));
        self.endpoint = problems.finish(endpoint)?;
        Ok(self)
    }

    async fn post(&self, cx: &Attempt, request: Request) -> Outcome {
        match self.endpoint.send(cx, request).await {
            Ok(answer) => outcome(&answer, cx),
            Err(outcome) => outcome,
        }
    }
}

#[async_trait]
impl Channel for PigeonChannel {
    fn id(&self) -> &str {
        &self.id
    }

    /// What the far side grants: messages a second, and at once after a quiet spell.
    fn limits(&self) -> Limits {
        Limits::new(1.0, 5)
    }

    /// A report arrives as text. Without this and `deliver_content` none comes.
    fn carries(&self) -> Carries {
        Carries::reports(ReportForm::Text)
    }

    /// Each target gets a delivery of its own. The host is no secret.
    fn targets(&self) -> Vec<Target> {
        vec![Target::new(self.endpoint.host())]
    }

    /// Replicas take for told only what was told through the same webhook.
    fn far_side(&self) -> Option<Secret> {
        Some(self.endpoint.far_side())
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let (json, truncated) = render::message(n);
        Ok(
            Rendered::new(target.clone(), "application/json", json.to_string())
                .truncated(truncated),
        )
    }

    /// One attempt, over by `cx.deadline`: the dispatcher repeats what is transient.
    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        self.post(cx, Request::of(message)).await
    }

    async fn deliver_content(&self, cx: &Attempt, _: &Target, content: &Content) -> Outcome {
        self.post(cx, Request::json(&render::content(content)))
            .await
    }
}

/// What an answer means; the status alone decides where Pigeon has no words of its own.
fn outcome(answer: &Answer, cx: &Attempt) -> Outcome {
    match answer.json().unwrap_or_default()["error"].as_str() {
        Some("no_such_room") => Outcome::target_broken(answer.reason()),
        _ => answer.outcome(cx),
    }
}

#[cfg(test)]
mod tests;
