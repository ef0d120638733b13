//! Trading: halts, losses, refused orders, prices that stand still.

use super::{HERE, JOB, grew, over};
use crate::rule::{Alert, Group, Severity::Critical, Severity::Warning};

/// Regular session of the KRX, 09:00 to 15:30 in Korea, from ten minutes after its start; in UTC it
/// lies within one weekday. Holidays are not known here.
const IN_SESSION: &str =
    "and on () (day_of_week() > 0 < 6) and on () (hour() * 60 + minute() >= 10 < 390)";

/// The labels of an order.
const ORDER: &str = "side, status, symbol";

pub(super) fn group() -> Group {
    Group::new(
        "trading",
        "Orders, money at risk and market data. Session hours are those of the KRX, 09:00 to 15:30 in Korea; \
         exchange holidays are not known to Prometheus: silence MarketDataStale for the day.",
        vec![
            Alert::new("TradingHalt", Critical, "portfolio_drawdown_percent > portfolio_halt_drawdown_percent")
                .pending("1m")
                .says("Trading halt threshold exceeded on {{ $labels.job }} {{ $labels.instance }}", "{{ $labels.job }} {{ $labels.instance }} 거래 중지 기준 초과")
                .runbook(
                    "The portfolio has lost more from its peak than the service allows (`portfolio_halt_drawdown_percent`). The engine refuses orders from here on.",
                    "Dashboard Trading Metrics: *Drawdown over time*, *P&L by symbol*. Is it the market, a wrong price, or a strategy?",
                    "Decide as the risk plan says. Orders pass again only after somebody resumes trading by hand.",
                )
                .fires("5m", HERE, &[(r#"portfolio_drawdown_percent{job="x",instance="a"}"#, "30x10"), (r#"portfolio_halt_drawdown_percent{job="x",instance="a"}"#, "28x10")])
                .fires("5m", HERE, &[(r#"portfolio_drawdown_percent{job="x",instance="a"}"#, "13x10"), (r#"portfolio_halt_drawdown_percent{job="x",instance="a"}"#, "12.5x10")])
                .silent("5m", &[(r#"portfolio_drawdown_percent{job="x",instance="a"}"#, "28x10"), (r#"portfolio_halt_drawdown_percent{job="x",instance="a"}"#, "28x10")])
                .silent("5m", &[(r#"portfolio_drawdown_percent{job="x",instance="a"}"#, "30x10"), (r#"portfolio_halt_drawdown_percent{job="x",instance="a"}"#, "35x10")])
                // A service that never said where it halts.
                .silent("5m", &[(r#"portfolio_drawdown_percent{job="x",instance="a"}"#, "99x10"), (r#"portfolio_halt_drawdown_percent{job="x",instance="b"}"#, "28x10")]),
            Alert::new("DrawdownHigh", Warning, "portfolio_drawdown_percent > 20")
                .keep("10m")
                .says("Drawdown above 20 % on {{ $labels.job }} {{ $labels.instance }}", "{{ $labels.job }} {{ $labels.instance }} 낙폭 20 % 초과")
                .runbook(
                    "The portfolio has lost more than 20 % from its peak; at `portfolio_halt_drawdown_percent`, if the service has one, trading halts.",
                    "*P&L by symbol* and *Positions over time*.",
                    "Reduce exposure now, while orders still pass.",
                )
                .fires("10m", HERE, &[(r#"portfolio_drawdown_percent{job="x",instance="a"}"#, "22x20")])
                .silent("10m", &[(r#"portfolio_drawdown_percent{job="x",instance="a"}"#, "15x20")]),
            Alert::new("RiskViolation", Critical, grew("risk_violations_total", "10m"))
                .pending("0s")
                .says("Risk limit {{ $labels.violation_type }} breached on {{ $labels.job }} {{ $labels.instance }}", "{{ $labels.job }} {{ $labels.instance }} 위험 한도 {{ $labels.violation_type }} 위반")
                .runbook(
                    "A risk limit was breached within the last ten minutes. It may also show for ten minutes when Prometheus meets the service for the first time.",
                    "The service's own alert has the figures; panel *Risk violations*.",
                    "Bring the exposure back below the limit.",
                )
                .fires("10m", &[("instance", "a"), ("job", "x"), ("violation_type", "max_drawdown")], &[(r#"risk_violations_total{job="x",instance="a",violation_type="max_drawdown"}"#, "_x8 1x10")])
                .fires("30m", &[("instance", "a"), ("job", "x"), ("violation_type", "max_drawdown")], &[(r#"risk_violations_total{job="x",instance="a",violation_type="max_drawdown"}"#, "1x25 2x20")])
                .silent("30m", &[(r#"risk_violations_total{job="x",instance="a",violation_type="max_drawdown"}"#, "2x60"), (r#"risk_violations_total{job="x",instance="a",violation_type="other"}"#, "0x60")]),
            Alert::new("OrdersRefused", Warning, format!(
                    "{} / {} > 0.5",
                    over(ORDER, r#"rate(trades_executed_total{status=~"rejected|failed|error"}[10m])"#),
                    over(ORDER, "rate(trades_executed_total[10m])"),
                ))
                .pending("10m")
                .says("More than half of the orders of {{ $labels.job }} are refused", "{{ $labels.job }} 주문 절반 이상 거부")
                .runbook(
                    "Of the orders of the last ten minutes more than half were refused.",
                    "*Errors by type*: trading_halted, insufficient_cash, not_held, unknown_symbol each have their own cause.",
                    "After a halt this is what should happen. Otherwise stop the client that sends such orders.",
                )
                .fires("30m", JOB, &[(r#"trades_executed_total{job="x",instance="a",side="buy",status="rejected",symbol="005930"}"#, "0+9x60"), (r#"trades_executed_total{job="x",instance="a",side="buy",status="filled",symbol="005930"}"#, "0+1x60")])
                .silent("30m", &[(r#"trades_executed_total{job="x",instance="a",side="buy",status="rejected",symbol="005930"}"#, "0+1x60"), (r#"trades_executed_total{job="x",instance="a",side="buy",status="filled",symbol="005930"}"#, "0+9x60")]),
            Alert::new("MarketDataStale", Critical, format!("sum without (market) (rate(stocks_collected_total[5m])) == 0 {IN_SESSION}"))
                .says("No market data reaches {{ $labels.job }} {{ $labels.instance }}", "{{ $labels.job }} {{ $labels.instance }} 시세 수신 중단")
                .runbook(
                    "The exchange is open and no stock's data has been collected for five minutes: prices are old.",
                    "*Collection errors* by source; the feed's own status page; the clock of the machine.",
                    "Halt trading if strategies use these prices. Restart the collector or change the feed. On an exchange holiday: silence it for the day.",
                )
                .fires("30m", HERE, &[(r#"stocks_collected_total{job="x",instance="a",market="KOSPI"}"#, "100x60")])
                .silent("30m", &[(r#"stocks_collected_total{job="x",instance="a",market="KOSPI"}"#, "0+10x60")])
                // The evening: 08:00 UTC is 17:00 in Korea.
                .silent("8h", &[(r#"stocks_collected_total{job="x",instance="a",market="KOSPI"}"#, "100x600")]),
            Alert::new("DataCollectionErrors", Warning, format!("{} > 10", over("error_type", "increase(data_collection_errors_total[10m])")))
                .keep("10m")
                .says("Collecting from {{ $labels.source }} fails for {{ $labels.job }}", "{{ $labels.job }}의 {{ $labels.source }} 수집 실패")
                .runbook(
                    "More than ten failures from one source within ten minutes.",
                    "*Collection errors* by type: timeout, authentication, rate limit?",
                    "Mend the credentials or the rate; switch to another source if it lasts.",
                )
                .fires("20m", &[("job", "x"), ("source", "krx")], &[(r#"data_collection_errors_total{job="x",instance="a",error_type="timeout",source="krx"}"#, "0+5x40")])
                .silent("20m", &[(r#"data_collection_errors_total{job="x",instance="a",error_type="timeout",source="krx"}"#, "0 1 2 3x40")]),
        ],
    )
}
