//! Databases and caches, whichever client asks them.

use std::borrow::Cow;

use crate::{Call, Outgoing, Status, Target};

impl Outgoing {
    /// A database, by OpenTelemetry's name of its kind: `postgresql`, `sqlite`, `redis`.
    ///
    /// ```
    /// # async fn run(outgoing: bongsu_outgoing::Outgoing) -> Result<(), std::io::Error> {
    /// # async fn fetch() -> Result<u64, std::io::Error> { Ok(7) }
    /// let orders = outgoing.database("postgresql");
    /// // `fetch` is whatever future the client gives: sqlx's `fetch_all(&pool)`, say.
    /// let rows = orders.query("SELECT", "orders", fetch()).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn database(&self, system: impl Into<Cow<'static, str>>) -> Database {
        Database {
            outgoing: self.clone(),
            system: system.into(),
        }
    }

    /// A cache, by its name.
    #[must_use]
    pub fn cache(&self, name: impl Into<Cow<'static, str>>) -> Cache {
        Cache {
            outgoing: self.clone(),
            name: name.into(),
        }
    }
}

/// A database whose queries are told; made by [`Outgoing::database`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    outgoing: Outgoing,
    system: Cow<'static, str>,
}

impl Database {
    /// Runs a query, told by its operation and table. Both become labels: names of the code, never a text that somebody
    /// sent. One whose future is dropped counts as given up.
    ///
    /// # Errors
    /// What the query gives.
    pub async fn query<T, E>(
        &self,
        operation: impl Into<Cow<'static, str>>,
        table: impl Into<Cow<'static, str>>,
        query: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let call = self.begin(operation.into(), table.into());
        told(call, query.await)
    }

    /// The same for a client that blocks, as `rusqlite` does: called where it may block.
    ///
    /// # Errors
    /// What the query gives.
    pub fn query_blocking<T, E>(
        &self,
        operation: impl Into<Cow<'static, str>>,
        table: impl Into<Cow<'static, str>>,
        query: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let call = self.begin(operation.into(), table.into());
        told(call, query())
    }

    fn begin(&self, operation: Cow<'static, str>, table: Cow<'static, str>) -> Call {
        let target = Target::Database {
            system: self.system.clone(),
            operation,
            table,
        };
        self.outgoing.start(target).0
    }
}

fn told<T, E>(call: Call, result: Result<T, E>) -> Result<T, E> {
    call.end(match result {
        Ok(_) => Status::Success,
        Err(_) => Status::Failed,
    });
    result
}

/// A cache whose look-ups are told; made by [`Outgoing::cache`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cache {
    outgoing: Outgoing,
    name: Cow<'static, str>,
}

impl Cache {
    /// Looks something up in a cache elsewhere: Redis' `connection.get(key)`, say. Nothing there is a miss.
    ///
    /// # Errors
    /// What the look-up gives; it is neither hit nor miss.
    pub async fn get<T, E>(
        &self,
        look_up: impl Future<Output = Result<Option<T>, E>>,
    ) -> Result<Option<T>, E> {
        let mut call = self.begin();
        let found = look_up.await;
        if let Ok(found) = &found {
            call.found(found.is_some());
        }
        told(call, found)
    }

    /// Looks something up in memory.
    pub fn look_up<T>(&self, look_up: impl FnOnce() -> Option<T>) -> Option<T> {
        let mut call = self.begin();
        let found = look_up();
        call.found(found.is_some());
        call.end(Status::Success);
        found
    }

    fn begin(&self) -> Call {
        let target = Target::Cache {
            name: self.name.clone(),
            hit: None,
        };
        self.outgoing.start(target).0
    }
}

impl Call {
    fn found(&mut self, found: bool) {
        if let Target::Cache { hit, .. } = &mut self.target {
            *hit = Some(found);
        }
    }
}
