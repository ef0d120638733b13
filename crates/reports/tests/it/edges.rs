//! Days and data that are not as they should be.

use std::pin::pin;
use std::task::Poll;

use bongsu_reports::source::time::StoredZone;
use bongsu_reports::summary::{QualityIssue, SessionKind};
use bongsu_reports::{
    DailySummary, Figure, MemoryStore, Missing, ReportError, ReportGenerator, SourceError,
};
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use crate::month::DAY;
use crate::support::Month;

async fn report(month: &Month, day: Date) -> DailySummary {
    let generator = ReportGenerator::builder(month.source()).build().unwrap();
    generator.generate_daily_summary(day).await.unwrap()
}

#[track_caller]
fn noted(summary: &DailySummary, issue: QualityIssue, subject: &str) -> String {
    let found = summary
        .data_quality
        .iter()
        .find(|note| note.issue == issue && note.subject == subject);
    let note = found.unwrap_or_else(|| {
        panic!(
            "no {issue:?} about {subject:?} in {:?}",
            summary.data_quality
        )
    });
    note.detail.clone()
}

#[tokio::test]
async fn bad_rows_are_listed_and_left_out() {
    let month = Month::new();
    let before = report(&month, DAY).await;
    month.execute(
        "INSERT INTO trades (id, order_id, ticker, action, order_type, quantity, executed_quantity,
           executed_price, total_amount, commission, tax, status, created_at, executed_at) VALUES
         (9001, 'ACTION', '005930', 'HOLD', 'MARKET', 1, 1, 5, 5, 0, 0, 'EXECUTED', '2026-05-28 10:00:00', '2026-05-28 10:00:00'),
         (9002, 'NEGATIVE', '005930', 'BUY', 'MARKET', 1, -1, 5, 5, 0, 0, 'EXECUTED', '2026-05-28 10:00:00', '2026-05-28 10:00:00'),
         (9003, 'TIMELESS', '005930', 'BUY', 'MARKET', 1, 1, 5, 5, 0, 0, 'EXECUTED', '2026-05-28 10:00:00', NULL),
         (9004, 'TEXT', '005930', 'BUY', 'MARKET', 1, 'many', 5, 5, 0, 0, 'EXECUTED', '2026-05-28 10:00:00', '2026-05-28 10:00:00'),
         (9005, 'CLOCK', '005930', 'BUY', 'MARKET', 1, 1, 5, 5, 0, 0, 'EXECUTED', '2026-05-28 10:00:00', '2026-05-28 25:61'),
         (9006, 'SHORT', '005930', 'SELL', 'MARKET', 100000, 100000, 5, 5, 0, 0, 'EXECUTED', '2026-05-28 10:00:00', '2026-05-28 10:00:00');",
    );
    let summary = report(&month, DAY).await;
    let bad = QualityIssue::BadRow;
    assert!(noted(&summary, bad, "ACTION").contains("unknown action"));
    assert!(noted(&summary, bad, "NEGATIVE").contains("negative executed quantity"));
    assert!(noted(&summary, bad, "TIMELESS").contains("without a time"));
    assert!(noted(&summary, bad, "TEXT").contains("unreadable executed_quantity"));
    assert!(noted(&summary, bad, "CLOCK").contains("unreadable time"));
    assert!(noted(&summary, QualityIssue::Oversold, "SHORT").contains("100000"));
    // Not one of them is in a figure.
    assert_eq!(summary.trading_stats, before.trading_stats);
    assert_eq!(summary.portfolio_stats, before.portfolio_stats);
    // On the days after they are counted, in the snapshots they are not.
    let later = report(&month, date(2026, 5, 29)).await;
    assert!(noted(&later, bad, "earlier days").contains("rows of earlier days"));
}

#[tokio::test]
async fn amounts_that_do_not_fit_and_fields_that_are_missing() {
    let month = Month::new();
    month.execute(
        "INSERT INTO trades (id, order_id, ticker, action, order_type, quantity, executed_quantity,
           executed_price, total_amount, commission, tax, status, created_at, executed_at) VALUES
         (9001, 'MISFIT', '005930', 'BUY', 'MARKET', 10, 10, 42000, 4200000, 0, 0, 'EXECUTED', '2026-05-28 10:00:00', '2026-05-28 10:00:00'),
         (9002, 'NO AMOUNT', '005930', 'BUY', 'MARKET', 10, 10, 42000.5, NULL, 0, 0, 'EXECUTED', '2026-05-28 10:00:00', '2026-05-28 10:00:00'),
         (9003, 'NIGHT', '^KS11', 'BUY', 'MARKET', 1, 1, 5, 5, NULL, 0, 'EXECUTED', '2026-05-28 03:00:00', '2026-05-28 03:00:00');",
    );
    let summary = report(&month, DAY).await;
    assert!(noted(&summary, QualityIssue::AmountMismatch, "MISFIT").contains("420,000"));
    assert!(noted(&summary, QualityIssue::IncompleteRow, "NO AMOUNT").contains("price"));
    assert!(noted(&summary, QualityIssue::IncompleteRow, "NIGHT").contains("commission"));
    assert!(noted(&summary, QualityIssue::OutsideSession, "2026-05-28").starts_with("1 fills"));
    noted(&summary, QualityIssue::UnknownTicker, "^KS11");
    let computed = summary
        .fills
        .iter()
        .find(|fill| fill.order_id == "NO AMOUNT")
        .unwrap();
    assert_eq!(computed.amount, Decimal::from(420_005));
    // The month's own tax is 0.23 % where the law takes 0.20 %: every sale is told.
    let drift = summary
        .data_quality
        .iter()
        .filter(|note| note.issue == QualityIssue::TaxDrift);
    assert_eq!(drift.count(), 11);
}

#[tokio::test]
async fn prices_that_are_missing_or_old() {
    let month = Month::new();
    month.execute(
        "DELETE FROM stock_prices WHERE date >= '2026-05-27'
           AND stock_id = (SELECT id FROM stocks WHERE ticker = '005930');",
    );
    let summary = report(&month, DAY).await;
    assert!(noted(&summary, QualityIssue::StalePrice, "005930").contains("2026-05-26"));
    let held = |summary: &DailySummary| {
        let positions = &summary.portfolio_stats.positions;
        positions
            .iter()
            .find(|held| held.ticker == "005930")
            .unwrap()
            .clone()
    };
    assert!(held(&summary).price.value().unwrap().stale);
    assert!(summary.portfolio_stats.unrealised.value().is_some());
    noted(&summary, QualityIssue::EquityMismatch, "2026-05-28");

    // No price at all: its value is unknown, and with it every sum; the rest stands.
    month.execute(
        "DELETE FROM stock_prices WHERE stock_id = (SELECT id FROM stocks WHERE ticker = '005930');",
    );
    let summary = report(&month, DAY).await;
    noted(&summary, QualityIssue::MissingPrice, "005930");
    let why = Missing::UnpricedPositions { count: 1 };
    assert_eq!(held(&summary).value, Missing::NoPrice.into());
    assert_eq!(summary.portfolio_stats.invested, why.clone().into());
    assert_eq!(summary.portfolio_stats.hhi, why.clone().into());
    assert_eq!(summary.portfolio_stats.exposure, why.clone().into());
    assert_eq!(summary.reconciliation.difference, why.into());
    assert_eq!(summary.trading_stats.fills, Figure::Known(31));
    assert_eq!(
        summary.portfolio_stats.equity,
        Figure::Known(Decimal::from(495_426_094))
    );
    // A stock that is not listed in `stocks` is no error either.
    month.execute("DELETE FROM stocks WHERE ticker = '086520';");
    let summary = report(&month, DAY).await;
    noted(&summary, QualityIssue::MissingPrice, "086520");
}

#[tokio::test]
async fn equity_that_is_missing_or_negative() {
    let month = Month::new();
    let month_sql = |sql: &str| month.execute(sql);
    month_sql(
        "UPDATE portfolio_risk_metrics SET total_value = -5, cash_balance = -164581355 WHERE date LIKE '2026-05-28%'",
    );
    let summary = report(&month, DAY).await;
    noted(&summary, QualityIssue::NegativeEquity, "2026-05-28");
    let base = Missing::BaseNotPositive;
    assert_eq!(summary.trading_stats.turnover, base.clone().into());
    assert_eq!(summary.portfolio_stats.exposure, base.clone().into());
    assert!(summary.portfolio_stats.daily_return.get().unwrap() < -1.0);
    // On the day after, the base of the return is negative: undefined, not a number with a wrong sign.
    let summary = report(&month, date(2026, 5, 29)).await;
    assert_eq!(summary.portfolio_stats.daily_return, base.clone().into());
    assert_eq!(summary.portfolio_stats.total_return, base.into());

    month_sql("DELETE FROM portfolio_risk_metrics WHERE date LIKE '2026-05-28%'");
    let summary = report(&month, DAY).await;
    noted(&summary, QualityIssue::EquityGap, "2026-05-28");
    assert_eq!(summary.portfolio_stats.equity, Missing::NoEquity.into());
    assert_eq!(summary.risk_metrics.max_drawdown, Missing::NoEquity.into());
    assert_eq!(summary.trading_stats.fills, Figure::Known(31));
    // The day after spans two, and says so; it still reconciles.
    let summary = report(&month, date(2026, 5, 29)).await;
    assert!(noted(&summary, QualityIssue::EquityGap, "2026-05-28").contains("2026-05-27"));
    assert_eq!(
        summary.reconciliation.difference,
        Figure::Known(Decimal::from(-29))
    );

    month_sql("DELETE FROM portfolio_risk_metrics");
    let summary = report(&month, DAY).await;
    assert_eq!(summary.account, None);
    assert_eq!(
        summary.risk_metrics.sharpe,
        Missing::TooFewReturns { have: 0, need: 2 }.into()
    );
    assert_eq!(summary.risk_metrics.beta, Missing::NoBenchmark.into());
    assert_eq!(
        summary.reconciliation.equity_change,
        Missing::NoEquity.into()
    );
}

#[tokio::test]
async fn days_without_a_session_and_years_without_a_calendar() {
    let month = Month::new();
    let holiday = report(&month, date(2026, 5, 25)).await;
    assert!(
        matches!(&holiday.session.kind, SessionKind::Closed { reason } if reason.contains("Buddha"))
    );
    assert_eq!(holiday.trading_stats.fills, Figure::Known(0));
    assert_eq!(
        holiday.trading_stats.win_rate,
        Missing::NoClosedTrades.into()
    );
    assert_eq!(holiday.session.previous, Some(date(2026, 5, 22)));

    // The first session of the year, and a year beyond the calendar.
    let first = report(&month, date(2026, 1, 2)).await;
    assert!(matches!(
        first.session.kind,
        SessionKind::SpecialHours { .. }
    ));
    assert_eq!(first.session.previous, Some(date(2025, 12, 30)));
    assert_eq!(first.portfolio_stats.position_count, Figure::Known(0));
    let beyond = report(&month, date(2031, 1, 6)).await;
    assert_eq!(beyond.session.kind, SessionKind::Unknown);
    noted(&beyond, QualityIssue::CalendarUnknown, "2031");
    assert!(beyond.portfolio_stats.position_count.get().unwrap() > 0);
}

#[tokio::test]
async fn one_account_of_several() {
    let month = Month::new();
    month.execute(
        "INSERT INTO portfolio_risk_metrics (user_id, date, total_value, current_drawdown, total_loss_from_initial_pct)
         VALUES ('user002', '2026-05-28 06:40:00', 7, 0, 0);",
    );
    let any = ReportGenerator::builder(month.source()).build().unwrap();
    let error = any.generate_daily_summary(DAY).await.unwrap_err();
    let ReportError::Source {
        cause: SourceError::SeveralAccounts { found },
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(found, "user001, user002");
    let chosen = ReportGenerator::builder(month.source().account("user002"))
        .build()
        .unwrap();
    let summary = chosen.generate_daily_summary(DAY).await.unwrap();
    assert_eq!(
        summary.portfolio_stats.equity,
        Figure::Known(Decimal::from(7))
    );
    // The report that says so has no figure from the source and no zero.
    let said = any.unavailable(DAY, &error).await;
    assert_eq!(said.trading_stats.fills, Missing::SourceUnavailable.into());
    assert!(said.fills.is_empty() && said.portfolio_stats.positions.is_empty());
    noted(&said, QualityIssue::SourceUnavailable, "sqlite trading.db");
}

/// The recorded holdings are compared on the day itself only.
#[tokio::test]
async fn holdings_against_fills() {
    let month = Month::new();
    let last = date(2026, 5, 29);
    let on_the_day = || {
        ReportGenerator::builder(month.source())
            .runtime_clock("2026-05-29T11:10:00Z".parse().unwrap())
            .build()
            .unwrap()
    };
    let mismatches = |summary: &DailySummary| {
        let notes = summary.data_quality.iter();
        notes
            .filter(|note| note.issue == QualityIssue::PortfolioMismatch)
            .count()
    };
    let good = on_the_day().generate_daily_summary(last).await.unwrap();
    assert_eq!(mismatches(&good), 0, "{:?}", good.data_quality);
    month.execute("UPDATE portfolios SET quantity = 21 WHERE ticker = '005380'");
    let bad = on_the_day().generate_daily_summary(last).await.unwrap();
    assert_eq!(mismatches(&bad), 1);
    assert!(noted(&bad, QualityIssue::PortfolioMismatch, "005380").contains("21 shares"));
    assert_eq!(mismatches(&report(&month, last).await), 0);
}

/// Before 20:00 some venue may trade: the report says "as of", and its positions are not kept.
#[tokio::test]
async fn a_report_before_the_end_of_trading() {
    let month = Month::new();
    let at = |text: &str| {
        let start = text.parse().unwrap();
        ReportGenerator::builder(month.source())
            .runtime_clock(start)
            .build()
            .unwrap()
    };
    let early = at("2026-05-28T07:00:00Z")
        .generate_daily_summary(DAY)
        .await
        .unwrap();
    assert_eq!(early.edition.as_of, Some(early.generated_at));
    let done = at("2026-05-28T11:10:00Z")
        .generate_daily_summary(DAY)
        .await
        .unwrap();
    assert_eq!(done.edition.as_of, None);
    assert_eq!(done.trading_stats, early.trading_stats);
}

/// The zones of naive times are settings: the same month written in other zones is the same month.
#[tokio::test]
async fn times_in_other_zones() {
    let early = "INSERT INTO trades (id, order_id, ticker, action, order_type, quantity, executed_quantity,
           executed_price, total_amount, commission, tax, status, created_at, executed_at) VALUES
         (9001, 'NEXTRADE', '005930', 'BUY', 'MARKET', 10, 10, 42000, 420000, 0, 0, 'EXECUTED', '2026-05-28 08:30:00.000000', '2026-05-28 08:30:00.000000');";
    let korean = Month::new();
    korean.execute(early);
    let expected = report(&korean, DAY).await;
    assert_eq!(expected.trading_stats.fills, Figure::Known(32));

    let shifted = Month::new();
    shifted.execute(early);
    shifted.execute(
        "UPDATE trades SET executed_at = strftime('%Y-%m-%dT%H:%M:%f', executed_at, '-9 hours'),
                           created_at = strftime('%Y-%m-%dT%H:%M:%f', created_at, '-9 hours');
         UPDATE portfolio_risk_metrics SET date = datetime(date, '+9 hours');",
    );
    let source = shifted
        .source()
        .trades_zone(StoredZone::utc())
        .risk_zone(StoredZone::other(jiff::tz::TimeZone::fixed(
            jiff::tz::offset(9),
        )));
    let generator = ReportGenerator::builder(source).build().unwrap();
    let got = generator.generate_daily_summary(DAY).await.unwrap();
    assert_eq!(got.trading_stats, expected.trading_stats);
    assert_eq!(got.portfolio_stats, expected.portfolio_stats);
    assert_eq!(got.risk_metrics, expected.risk_metrics);
    assert_eq!(got.reconciliation, expected.reconciliation);
    // A time with its own offset needs no setting.
    let marked = Month::new();
    marked.execute(early);
    marked.execute("UPDATE trades SET executed_at = executed_at || '+09:00'");
    assert_eq!(report(&marked, DAY).await.fills, expected.fills);
}

/// Charts take tens of milliseconds, in which a runtime of one thread would answer nobody.
#[tokio::test]
async fn a_report_is_drawn_away_from_the_threads_that_poll() {
    let here = std::thread::current().id();
    let options = bongsu_reports::render::RenderOptions::default();
    let generator = ReportGenerator::builder(Month::new().source())
        .renderer(move |summary| {
            assert_ne!(std::thread::current().id(), here);
            bongsu_reports::render::render(summary, &options)
        })
        .build()
        .unwrap();
    let error = ReportError::NotKept { session: DAY };
    let summary = generator.unavailable(DAY, &error).await;
    let rendered = generator.render(&summary).await;
    assert!(rendered.text.contains("2026-05-28"), "{}", rendered.text);
}

/// Text of a large day takes milliseconds to write and to read: while no thread for blocking calls is
/// free, neither is done.
#[test]
fn a_kept_report_is_written_and_read_away_from_the_threads_that_poll() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = MemoryStore::new();
        let generator = ReportGenerator::builder(Month::new().source());
        let generator = generator.store(store.clone()).build().unwrap();
        let summary = DailySummary::sample();

        let busy = Busy::begin();
        let mut sent = pin!(generator.send_daily_report(&summary));
        assert!(poll_once(sent.as_mut()).await.is_none());
        assert_eq!(generator.kept_reports(DAY).await.unwrap(), []);
        busy.end();
        sent.await;
        assert_eq!(generator.kept_reports(DAY).await.unwrap().len(), 1);

        let busy = Busy::begin();
        let mut read = pin!(generator.kept_summary(DAY));
        assert!(poll_once(read.as_mut()).await.is_none());
        let mut drawn = pin!(generator.render_kept(DAY));
        assert!(poll_once(drawn.as_mut()).await.is_none());
        busy.end();
        assert_eq!(read.await.unwrap(), summary);
        assert!(drawn.await.unwrap().text.contains("2026-05-28"));
    });
}

/// The one thread for blocking calls, kept busy.
struct Busy(std::sync::mpsc::Sender<()>);

impl Busy {
    fn begin() -> Self {
        let (end, ended) = std::sync::mpsc::channel();
        tokio::task::spawn_blocking(move || ended.recv());
        Self(end)
    }

    fn end(self) {
        self.0.send(()).unwrap();
    }
}

async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
#[should_panic(expected = "no paint left")]
async fn a_renderers_panic_is_the_callers() {
    let generator = ReportGenerator::builder(Month::new().source())
        .renderer(|_| panic!("no paint left"))
        .build()
        .unwrap();
    let error = ReportError::NotKept { session: DAY };
    let summary = generator.unavailable(DAY, &error).await;
    generator.render(&summary).await;
}
