//! The dashboard "Trading Metrics": trades, money, risk, signals, market data.

use crate::{
    grafana::Dashboard,
    promql::{growth, named, of, quantile, rate, share, step, sum},
    spec::{Sheet, Spec},
    text::{Language, Text, text},
};

const SYMBOL: &str = r#"symbol=~"$symbol""#;
const DONE: &str = r#"symbol=~"$symbol",status=~"filled|success|executed""#;

pub(crate) fn dashboard(language: Language) -> Dashboard {
    Sheet {
        name: "trading-metrics",
        title: text("Trading Metrics", "트레이딩 지표"),
        description: text(
            "Trades, profit and loss, positions, risk and signals of the trading services.",
            "거래, 손익, 포지션, 위험, 신호를 보여 줍니다.",
        ),
        marker: "portfolio_value_krw",
        with_symbol: true,
        rows: vec![now(), trades(), money(), risk(), signals(), data()],
    }
    .build(language)
}

fn now() -> (Text, Vec<Spec>) {
    let failed = format!(
        "1 - {}",
        share(
            &[],
            &growth("trades_executed_total", DONE),
            &growth("trades_executed_total", SYMBOL)
        )
    );
    let panels = vec![
        Spec::stat(
            "currencyKRW",
            text("Portfolio value", "포트폴리오 평가액"),
            text(
                "Value of the portfolio now, in won.",
                "현재 포트폴리오 평가액(원).",
            ),
        )
        .ask(sum(&[], &of("portfolio_value_krw", "")), "")
        .decimals(0),
        Spec::stat(
            "percent",
            text("Drawdown", "낙폭"),
            text(
                "Fall from the highest value so far. Where trading halts stands in Drawdown over time.",
                "최고 평가액 대비 하락률. 거래가 중지되는 기준은 낙폭 추이에 있습니다.",
            ),
        )
        .ask(format!("max({})", of("portfolio_drawdown_percent", "")), "")
        .limits(&[(20.0, "orange")])
        .decimals(2),
        Spec::stat(
            "currencyKRW",
            text("Realised P&L", "실현 손익"),
            text(
                "Profit and loss of all closed trades of the chosen symbols, in won.",
                "선택한 종목의 실현 손익 합계(원).",
            ),
        )
        .ask(sum(&[], &of("trade_pnl_krw", SYMBOL)), "")
        .decimals(0),
        Spec::stat(
            "none",
            text("Open positions", "보유 포지션"),
            text("Number of open positions.", "현재 보유 포지션 수."),
        )
        .ask(sum(&[], &of("positions_active", "")), "")
        .decimals(0),
        Spec::stat(
            "none",
            text("Trades in range", "기간 내 체결"),
            text(
                "Trades filled in the time shown; restarts do not lower it.",
                "표시 기간에 체결된 거래 수. 재시작해도 줄지 않습니다.",
            ),
        )
        .ask(sum(&[], &growth("trades_executed_total", DONE)), "")
        .decimals(0),
        Spec::stat(
            "percentunit",
            text("Unfilled share", "미체결 비율"),
            text(
                "Part of the trades in the time shown that were not filled.",
                "표시 기간의 거래 중 체결되지 않은 비율.",
            ),
        )
        .ask(failed, "")
        .limits(&[(0.2, "orange"), (0.5, "red")])
        .decimals(1),
    ];
    (text("Now", "현황"), panels)
}

fn trades() -> (Text, Vec<Spec>) {
    let by = |label: &'static str| sum(&[label], &rate("trades_executed_total", SYMBOL));
    let panels = vec![
        Spec::series(
            "ops",
            text("Trades by outcome", "결과별 거래"),
            text("Trades a second, by status.", "초당 거래 수, 상태별."),
        )
        .ask(by("status"), "{{status}}")
        .stacked(),
        Spec::series(
            "ops",
            text("Trades by side", "매수·매도별 거래"),
            text(
                "Trades a second, bought and sold.",
                "초당 거래 수, 매수와 매도.",
            ),
        )
        .ask(by("side"), "{{side}}")
        .stacked(),
        Spec::series(
            "percentunit",
            text("Success rate", "성공률"),
            text(
                "Part of the trades that were filled. One ratio, not two rates.",
                "체결된 거래의 비율.",
            ),
        )
        .ask(
            share(
                &[],
                &rate("trades_executed_total", DONE),
                &rate("trades_executed_total", SYMBOL),
            ),
            text("filled", "체결"),
        )
        .up_to(1.0),
        Spec::series(
            "ops",
            text("Busiest symbols", "거래 상위 종목"),
            text(
                "Trades a second of the ten symbols traded most.",
                "거래가 가장 많은 10개 종목의 초당 거래 수.",
            ),
        )
        .ask(format!("topk(10, {})", by("symbol")), "{{symbol}}")
        .not_below_zero(),
        Spec::series(
            "currencyKRW",
            text("Volume by side", "매수·매도별 거래대금"),
            text(
                "Money traded in the time between two points, in won.",
                "구간별 거래대금(원).",
            ),
        )
        .ask(
            sum(
                &["side"],
                &format!(
                    "increase({}[$__rate_interval])",
                    of("trade_volume_krw_total", SYMBOL)
                ),
            ),
            "{{side}}",
        )
        .stacked()
        .decimals(0),
        Spec::series(
            "currencyKRW",
            text("Volume of the largest symbols", "거래대금 상위 종목"),
            text(
                "Money traded in the time shown, ten largest symbols, in won.",
                "표시 기간 거래대금 상위 10개 종목(원).",
            ),
        )
        .ask(
            format!(
                "topk(10, {})",
                sum(&["symbol"], &growth("trade_volume_krw_total", SYMBOL))
            ),
            "{{symbol}}",
        )
        .not_below_zero()
        .decimals(0),
    ];
    (text("Trades", "거래"), panels)
}

fn money() -> (Text, Vec<Spec>) {
    let panels = vec![
        Spec::series("currencyKRW", text("Portfolio value over time", "평가액 추이"), text("Value of the portfolio, in won.", "포트폴리오 평가액(원)."))
            .ask(sum(&["job", "instance"], &of("portfolio_value_krw", "")), "{{instance}}").decimals(0),
        Spec::series("currencyKRW", text("P&L by symbol", "종목별 손익"), text("Cumulative profit and loss of the five best and the five worst symbols, in won; a loss goes down.", "누적 손익 상위·하위 5개 종목(원). 손실이면 내려갑니다."))
            .ask(format!("topk(5, {pnl}) or bottomk(5, {pnl})", pnl = sum(&["symbol"], &of("trade_pnl_krw", SYMBOL))), "{{symbol}}").decimals(0),
        Spec::series("currencyKRW", text("Profits and losses", "이익과 손실"), text("Profits of winning trades and losses of losing ones since the range's start, in won. A series that began inside the range counts from its second sample.", "기간 시작 이후 이익 거래와 손실 거래의 합(원)."))
            .ask(sum(&[], &growth("trade_profit_krw_total", SYMBOL)), text("profit", "이익")).ask(format!("-{}", sum(&[], &growth("trade_loss_krw_total", SYMBOL))), text("loss", "손실")).decimals(0),
        Spec::series("none", text("Profit factor", "손익비"), text("Profits over losses in the time shown; above 1 the trades earn.", "표시 기간의 이익 합 ÷ 손실 합. 1보다 크면 수익입니다."))
            .ask(format!("{} / ({} > 0)", sum(&[], &growth("trade_profit_krw_total", SYMBOL)), sum(&[], &growth("trade_loss_krw_total", SYMBOL))), text("profits over losses", "이익 ÷ 손실")).not_below_zero().decimals(2),
    ];
    (text("Profit and loss", "손익"), panels)
}

fn risk() -> (Text, Vec<Spec>) {
    let panels = vec![
        Spec::series(
            "percent",
            text("Drawdown over time", "낙폭 추이"),
            text(
                "Fall from the peak; dashed line: warning at 20 %. Where a service halts its trading is a series of its own, if it says so.",
                "최고점 대비 하락률. 점선: 경고 20 %. 거래 중지 기준은 서비스가 알리면 별도 선으로 표시됩니다.",
            ),
        )
        .ask(
            format!(
                "max by (job, instance) ({})",
                of("portfolio_drawdown_percent", "")
            ),
            "{{instance}}",
        )
        .ask(
            format!(
                "max by (job, instance) ({})",
                of("portfolio_halt_drawdown_percent", "")
            ),
            text("{{instance}} halts", "{{instance}} 거래 중지"),
        )
        .limits(&[(20.0, "orange")])
        .not_below_zero()
        .decimals(2),
        Spec::series(
            "currencyKRW",
            text("Value at risk", "최대예상손실(VaR)"),
            text(
                "Loss that is not exceeded at each confidence level, in won.",
                "신뢰수준별 최대예상손실(원).",
            ),
        )
        .ask(
            format!("max by (confidence) ({})", of("value_at_risk_krw", "")),
            "{{confidence}} %",
        )
        .not_below_zero()
        .decimals(0),
        Spec::series(
            "none",
            text("Risk violations", "위험 한도 위반"),
            text(
                "Breaches of a risk limit between two points, by kind.",
                "구간별 위험 한도 위반 횟수, 종류별.",
            ),
        )
        .ask(
            named(&["violation_type"], "risk_violations_total", step),
            "{{violation_type}}",
        )
        .not_below_zero()
        .decimals(0),
        Spec::series(
            "none",
            text("Positions over time", "포지션 추이"),
            text("Number of open positions.", "보유 포지션 수."),
        )
        .ask(
            sum(&["job", "instance"], &of("positions_active", "")),
            "{{instance}}",
        )
        .not_below_zero()
        .decimals(0),
    ];
    (text("Risk", "위험"), panels)
}

fn signals() -> (Text, Vec<Spec>) {
    let generated = sum(&["signal_type"], &rate("signals_generated_total", SYMBOL));
    let executed = |by: &[&str], more: &str| {
        let matchers = if more.is_empty() {
            SYMBOL.to_owned()
        } else {
            format!("{SYMBOL},{more}")
        };
        sum(by, &rate("signals_executed_total", &matchers))
    };
    let panels = vec![
        Spec::series(
            "ops",
            text("Signals generated", "생성된 신호"),
            text(
                "Trading signals a second, by kind.",
                "초당 생성 신호 수, 종류별.",
            ),
        )
        .ask(generated.clone(), "{{signal_type}}")
        .stacked()
        .width(8),
        Spec::series(
            "ops",
            text("Signals acted upon", "처리된 신호"),
            text(
                "Signals a second by what became of them.",
                "초당 처리 신호 수, 결과별.",
            ),
        )
        .ask(executed(&["status"], ""), "{{status}}")
        .stacked()
        .width(8),
        Spec::series(
            "percentunit",
            text("Acted upon, of generated", "신호 처리율"),
            text(
                "Part of the generated signals that were executed and not skipped.",
                "생성된 신호 중 실제로 실행된 비율.",
            ),
        )
        .ask(
            format!(
                "({} or 0 * {generated}) / {generated}",
                executed(&["signal_type"], r#"status!~"skipped|rejected|failed""#)
            ),
            "{{signal_type}}",
        )
        .not_below_zero()
        .width(8),
    ];
    (text("Signals", "신호"), panels)
}

fn data() -> (Text, Vec<Spec>) {
    let panels = vec![
        Spec::series("ops", text("Stocks collected", "수집 종목"), text("Stocks whose data arrived, a second, by market; 0 in a session means stale prices.", "초당 수집 종목 수, 시장별. 장중 0이면 시세가 멈춘 것입니다."))
            .ask(sum(&["market"], &rate("stocks_collected_total", "")), "{{market}}").not_below_zero().width(8),
        Spec::series("ops", text("Collection errors", "수집 오류"), text("Failures while collecting data, a second.", "초당 데이터 수집 오류."))
            .ask(named(&["source", "error_type"], "data_collection_errors_total", rate), "{{source}} {{error_type}}").not_below_zero().width(8),
        Spec::series("s", text("Slow operations (p95)", "작업 지연 (p95)"), text("Time that 95 % of the measured operations stay under.", "측정 작업의 95 %가 끝나는 시간."))
            .ask(quantile("0.95", &["operation"], "operation_duration_seconds", ""), "{{operation}}").not_below_zero().width(8),
    ];
    (text("Market data and operations", "시세와 작업"), panels)
}
