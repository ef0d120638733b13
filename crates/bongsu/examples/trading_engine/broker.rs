//! The broker that orders go to, where there is one: `BROKER_URL`.

use std::{sync::Arc, time::Duration};

use bongsu::outgoing::Outgoing;

use crate::desk::Order;

#[derive(Clone)]
pub struct Broker {
    outgoing: Outgoing,
    /// The client, and where orders go.
    orders: Option<(reqwest::Client, Arc<str>)>,
}

/// What the client says, without the URL: that may hold a key.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("no answer")]
    Unanswered(#[source] reqwest::Error),
    #[error("status {0}")]
    Refused(reqwest::StatusCode),
}

impl Broker {
    #[expect(
        clippy::disallowed_methods,
        reason = "the example's own variable, read once"
    )]
    pub fn from_env(outgoing: &Outgoing) -> Self {
        let url = std::env::var("BROKER_URL").ok();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2));
        let client = client.build().ok();
        Self {
            outgoing: outgoing.clone(),
            orders: client.zip(url.map(|url| format!("{url}/orders").into())),
        }
    }

    /// Hands an order on; without a broker it is the desk's own.
    pub async fn place(&self, order: &Order) -> Result<(), BrokerError> {
        let Some((client, orders)) = &self.orders else {
            return Ok(());
        };
        let request = client.post(&**orders).body(order.symbol.clone());
        let unanswered = |error: reqwest::Error| BrokerError::Unanswered(error.without_url());
        let answer = self.outgoing.send(request).await.map_err(unanswered)?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(BrokerError::Refused(status)),
        }
    }
}
