//! Calls that the service makes: the ids of the request that they are made for, and a line each.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bongsu_bridge::calls;
use bongsu_outgoing::{CallEnd, Outgoing};

use super::{Start, adjust::Adjust};
use crate::{Bongsu, Builder, Error};

#[derive(Debug, Default)]
pub(crate) struct Settings {
    change: Adjust<Outgoing>,
}

/// What calls go through, and whose connections are counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offer {
    pub(crate) outgoing: Outgoing,
    pub(crate) pools: Arc<Pools>,
}

impl Offer {
    /// Tells somebody else of each call's end too.
    #[allow(dead_code, reason = "who is told depends on the features")]
    pub(crate) fn tell(&mut self, call: impl Fn(&CallEnd<'_>) + Send + Sync + 'static) {
        self.outgoing = std::mem::take(&mut self.outgoing).on_end(call);
    }
}

/// Connections of a pool, and how many of them are idle.
type Count = Box<dyn Fn() -> (u32, usize) + Send + Sync>;

#[derive(Default)]
pub(crate) struct Pools(Mutex<Vec<Count>>);

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pools")
    }
}

impl Pools {
    /// Connections in use and idle ones of all pools; nothing where there is none.
    #[allow(dead_code, reason = "who counts depends on the features")]
    pub(crate) fn count(&self) -> Option<(u64, u64)> {
        let pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = pools.iter().map(|count| count());
        counts
            .map(|(all, idle)| {
                let idle = idle as u64;
                (u64::from(all).saturating_sub(idle), idle)
            })
            .reduce(|sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

pub(crate) async fn start(_: &mut Start<'_>, settings: Settings) -> Result<Offer, Error> {
    let outgoing = Outgoing::new().context(calls::context).on_end(calls::line);
    Ok(Offer {
        outgoing: settings.change.apply(outgoing),
        pools: Arc::default(),
    })
}

impl Bongsu {
    /// For what the service itself calls: servers, databases, caches. Each call carries the ids of the request that it is
    /// made for, is counted and timed (`http_client_requests_total`, `http_client_request_duration_seconds`,
    /// `database_…`, `cache_…`), has a line, is a span where traces go out, and shows in `/health` when it fails.
    ///
    /// ```no_run
    /// # #[cfg(feature = "reqwest")]
    /// # async fn run(bongsu: &bongsu::Bongsu, client: reqwest::Client) -> Result<(), reqwest::Error> {
    /// let outgoing = bongsu.outgoing();
    /// let quote = outgoing.send(client.get("https://broker.example/quotes/005930")).await?;
    /// # async fn fetch() -> Result<u64, std::io::Error> { Ok(7) }
    /// let rows = outgoing.database("postgresql").query("SELECT", "orders", fetch()).await;
    /// let price = outgoing.cache("prices").look_up(|| Some(71_000));
    /// # Ok(()) }
    /// ```
    ///
    /// A client on `tower` has a layer: `OutgoingLayer::new(bongsu.outgoing().clone())`.
    #[must_use]
    pub fn outgoing(&self) -> &Outgoing {
        &self.0.parts.outgoing.outgoing
    }

    /// Counts a pool's connections at each scrape, as `database_connections{state="active"|"idle"}`; several pools are
    /// added up. The closure gives how many there are and how many of them are idle, and must not block. With sqlx, of
    /// whatever version:
    ///
    /// ```no_run
    /// # struct Pool; impl Pool { fn size(&self) -> u32 { 0 } fn num_idle(&self) -> usize { 0 } }
    /// # fn run(bongsu: &bongsu::Bongsu, pool: Pool) {
    /// bongsu.watch_pool(move || (pool.size(), pool.num_idle()));
    /// # }
    /// ```
    pub fn watch_pool(&self, count: impl Fn() -> (u32, usize) + Send + Sync + 'static) {
        let pools = &self.0.parts.outgoing.pools.0;
        let mut pools = pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.push(Box::new(count));
    }
}

impl Builder {
    /// Changes what goes along with calls, and who is told of them.
    ///
    /// ```no_run
    /// use bongsu::outgoing::{PassOn, is_own};
    ///
    /// # async fn run() -> Result<(), bongsu::Error> {
    /// let bongsu = bongsu::Bongsu::builder(bongsu::Config::from_env()?)
    ///     .outgoing(|calls| calls.pass_on(|host| match is_own(host) {
    ///         true => PassOn::Everything,
    ///         false => PassOn::Nothing,
    ///     }))
    ///     .start()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn outgoing(
        mut self,
        change: impl FnOnce(Outgoing) -> Outgoing + Send + Sync + 'static,
    ) -> Self {
        self.settings.outgoing.change.push(change);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_are_added_up() {
        let pools = Pools::default();
        assert_eq!(pools.count(), None);
        for counts in [(5, 2), (1, 3), (4, 4)] {
            pools.0.lock().unwrap().push(Box::new(move || counts));
        }
        assert_eq!(pools.count(), Some((3, 9)));
    }
}
