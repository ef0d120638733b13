//! What was executed on each date, as fingerprints: the server hashes, so that millions of rows stay
//! where they are.

use jiff::civil::Date;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::Settings;
use super::{Clock, cast, clock, layout, owned, owner, rows};
use crate::compute::{Digests, Executed, Fingerprint};
use crate::source::SourceError;
use crate::source::layout::trade_columns;
use crate::source::text::Times;

pub(in crate::source::postgres) async fn digests(
    connection: &mut PgConnection,
    settings: &Settings,
    through: Date,
) -> Result<Digests, SourceError> {
    const TABLE: &str = "trades";
    let layout = layout(connection, settings).await?;
    let trades = layout.required(TABLE)?;
    let account = owner(connection, settings, &layout).await?;
    // A NULL is told from an empty text, and a part from the next.
    let row = trade_columns(trades, false, |column, kind| {
        format!("coalesce(({})::text, E'\\x01')", cast(trades, column, kind))
    });
    // By the quarter of an hour: every zone has its dates' ends between two of them.
    let quarter = |at: &str| {
        let minutes = format!("floor(extract(minute FROM {at}) / 15)::int * interval '15 minutes'");
        format!("(date_trunc('hour', {at}) + {minutes})::text")
    };
    let quarter = match clock(trades, "executed_at") {
        Clock::Instant => quarter("(executed_at AT TIME ZONE 'UTC')") + " || 'Z'",
        Clock::Naive => quarter("executed_at::timestamp"),
        Clock::Text => "executed_at::text".to_owned(),
    };
    let sql = format!(
        "SELECT quarter, count(*)::bigint, \
         (sum(hashtextextended(row, 0)::numeric) % 18446744073709551616)::text \
         FROM (SELECT {quarter} AS quarter, concat_ws('|', {row}) AS row FROM {} \
         WHERE executed_at IS NOT NULL{}) AS rows GROUP BY quarter",
        trades.from,
        owned(trades, account.as_deref())
    );
    let mut times = Times::new(&settings.trades_zone);
    let mut days: Vec<(Date, Fingerprint)> = Vec::new();
    rows(connection, settings, TABLE, sql, |row| {
        // Of a time that is not finite there is none.
        let quarter: Option<&str> = row.try_get(0)?;
        let (count, sum): (i64, &str) = (row.try_get(1)?, row.try_get(2)?);
        if let Executed::At { date, .. } = times.executed(quarter)
            && date <= through
        {
            let hash = sum.parse::<i128>().unwrap_or_default();
            let fingerprint = Fingerprint {
                rows: u64::try_from(count).unwrap_or_default(),
                hash: u64::try_from(hash.rem_euclid(1 << 64)).unwrap_or_default(),
            };
            days.push((date, fingerprint));
        }
        Ok(true)
    })
    .await?;
    Ok(Digests::new(days))
}
