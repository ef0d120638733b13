//! Data for users' tests and previews.

use jiff::{Timestamp, civil::Date, civil::date};
use rust_decimal::Decimal;

use crate::summary::{
    AlertCounts, AlertLine, AlertsSummary, ClosedTrade, DailySummary, Edition, FillLine, Halt,
    HealthTransition, IntradayPoint, Largest, LimitUse, Mark, MoneyPoint, Performer,
    PortfolioStats, Position, QualityIssue, QualityNote, QualitySeverity, Range, RatioPoint,
    RecentDay, Reconciliation, RiskMetrics, SCHEMA_VERSION, Series, SessionInfo, SessionKind, Side,
    SourceState, SystemHealth, TailRisk, TopPerformers, TradingStats, UnfilledOrder,
};
use crate::summary::{GroupPnl, Period, PeriodKind, PositionPnl};
use crate::{Figure, Missing};

impl DailySummary {
    /// A made-up but plausible report of 2026-05-28, for previews and tests of a renderer.
    ///
    /// The figures are in proportion to one another, but nothing computed them.
    #[must_use]
    pub fn sample() -> Self {
        let day = date(2026, 5, 28);
        Self {
            schema_version: SCHEMA_VERSION,
            service_name: "trading-engine".into(),
            environment: "production".into(),
            account: Some("user001".into()),
            session: SessionInfo {
                date: day,
                kind: SessionKind::Regular,
                open: Some(at(9, 0)),
                close: Some(at(15, 30)),
                previous: Some(date(2026, 5, 27)),
            },
            generated_at: at(20, 10),
            edition: Edition::default(),
            source: SourceState::Ok,
            trading_stats: trading(),
            portfolio_stats: portfolio(day),
            risk_metrics: risk(),
            system_health: system(),
            top_performers: performers(),
            alerts_summary: alerts(),
            reconciliation: Reconciliation {
                equity_change: won(-318_867),
                realised: Figure::Known(Decimal::new(-437_085, 0)),
                unrealised_change: won(118_218),
                net_flow: won(0),
                income: won(0),
                difference: won(0),
                balanced: Figure::Known(true),
                tolerance: Decimal::new(1_000, 0),
            },
            series: series(),
            data_quality: vec![
                note(
                    QualitySeverity::Error,
                    QualityIssue::BadRow,
                    "SYN_0007",
                    ("fill without a time, left out", "체결 시각이 없음, 제외됨"),
                ),
                note(
                    QualitySeverity::Warning,
                    QualityIssue::StalePrice,
                    "0009K0",
                    (
                        "valued at the last close known, of 2026-05-26",
                        "마지막으로 알려진 2026-05-26 종가로 평가",
                    ),
                ),
            ],
            data_quality_omitted: 0,
            fills: fills(),
            fills_omitted: 0,
            period: None,
            periods: periods(),
            recent: recent(),
            position_pnl: position_pnl(),
            by_strategy: vec![
                group("momentum", 22, -318_400, None),
                group("mean reversion", 9, -118_685, None),
            ],
            by_sector: vec![
                group("의료정밀", 6, 0, Some(27_762_900)),
                group("금융", 4, 0, Some(27_556_100)),
                group("보험", 3, 0, Some(18_192_000)),
                group("화학", 8, 93_407, Some(17_612_100)),
                group("", 10, -530_492, Some(649_850)),
            ],
            changes: Vec::new(),
            accounts: Vec::new(),
        }
    }

    /// A report whose source could not be read: every figure from it is missing.
    #[must_use]
    pub fn sample_unavailable() -> Self {
        let sample = Self::sample();
        Self {
            source: SourceState::Unavailable {
                reason: "connection refused".into(),
            },
            trading_stats: TradingStats::missing(&Missing::SourceUnavailable),
            portfolio_stats: PortfolioStats::missing(&Missing::SourceUnavailable),
            risk_metrics: RiskMetrics::missing(&Missing::SourceUnavailable, "^KS11"),
            top_performers: TopPerformers::missing(&Missing::SourceUnavailable),
            reconciliation: Reconciliation::missing(
                &Missing::SourceUnavailable,
                sample.reconciliation.tolerance,
            ),
            series: Series::default(),
            data_quality: vec![note(
                QualitySeverity::Error,
                QualityIssue::SourceUnavailable,
                "postgres",
                ("connection refused", "connection refused"),
            )],
            fills: Vec::new(),
            ..sample
        }
    }
}

fn at(hour: i8, minute: i8) -> Timestamp {
    // 2026-05-28T00:00:00+09:00
    const MIDNIGHT: i64 = 1_779_894_000;
    let seconds = MIDNIGHT + i64::from(hour) * 3_600 + i64::from(minute) * 60;
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn dec(won: i64) -> Decimal {
    Decimal::new(won, 0)
}

fn won(won: i64) -> Figure<Decimal> {
    Figure::Known(dec(won))
}

fn note(
    severity: QualitySeverity,
    issue: QualityIssue,
    subject: &str,
    words: (&str, &str),
) -> QualityNote {
    QualityNote::new(severity, issue, subject, words)
}

fn trading() -> TradingStats {
    TradingStats {
        fills: Figure::Known(31),
        buys: Figure::Known(20),
        sells: Figure::Known(11),
        unfilled_orders: Figure::Known(2),
        gross_amount: won(217_348_841),
        buy_amount: won(138_257_341),
        sell_amount: won(79_091_500),
        commission: won(32_590),
        tax: won(182_425),
        realised: Figure::Known(Decimal::new(-4_370_848_931, 4)),
        closed: Figure::Known(11),
        wins: Figure::Known(2),
        losses: Figure::Known(9),
        even: Figure::Known(0),
        win_rate: Figure::Known(2.0 / 11.0),
        gross_profit: Figure::Known(Decimal::new(1_520_255_727, 4)),
        gross_loss: Figure::Known(Decimal::new(5_891_104_658, 4)),
        profit_factor: Figure::Known(0.258_059_534_734_57),
        average_win: Figure::Known(Decimal::new(760_127_864, 4)),
        average_loss: Figure::Known(Decimal::new(-654_567_184, 4)),
        turnover: Figure::Known(0.438_710_927_083_303_8),
        partial_fills: Figure::Known(1),
        slippage: won(21_400),
        slippage_ratio: Figure::Known(0.000_098),
        unfilled: vec![
            unfilled(
                "L17",
                "005930",
                "삼성전자",
                "BUY",
                50,
                "CANCELLED",
                "end of session",
            ),
            unfilled(
                "L18",
                "035720",
                "카카오",
                "SELL",
                12,
                "REJECTED",
                "price limit exceeded",
            ),
        ],
    }
}

fn unfilled(
    order: &str,
    ticker: &str,
    name: &str,
    action: &str,
    quantity: i64,
    status: &str,
    reason: &str,
) -> UnfilledOrder {
    UnfilledOrder {
        order_id: order.into(),
        ticker: ticker.into(),
        name: Some(name.into()),
        action: action.into(),
        quantity: Some(dec(quantity)),
        price: None,
        status: status.into(),
        reason: Some(reason.into()),
    }
}

fn periods() -> Vec<Period> {
    let period =
        |kind, since, sessions, pnl, total_return, benchmarks: (f64, f64), realised, fees: i64| {
            Period {
                kind,
                since: Some(since),
                sessions,
                pnl: won(pnl),
                total_return: Figure::Known(total_return),
                benchmarks: vec![
                    ("^KS11".into(), Figure::Known(benchmarks.0)),
                    ("^KQ11".into(), Figure::Known(benchmarks.1)),
                ],
                net_flow: won(0),
                income: won(0),
                fills: Figure::Known(u64::from(sessions) * 23),
                realised: won(realised),
                commission: won(fees / 5),
                tax: won(fees - fees / 5),
                win_rate: Figure::Known(0.431),
                profit_factor: Figure::Known(0.812),
                round_trips: Figure::Known(u64::from(sessions) * 3),
                holding_days: Figure::Known(6.4),
                payoff: Figure::Known(1.07),
            }
        };
    vec![
        period(
            PeriodKind::Week,
            date(2026, 5, 22),
            3,
            181_641,
            0.000_367,
            (0.0092, -0.0031),
            -402_118,
            611_204,
        ),
        period(
            PeriodKind::Month,
            date(2026, 4, 30),
            17,
            -5_693_910,
            -0.011_362,
            (0.0256, 0.0117),
            -4_480_331,
            3_402_918,
        ),
        period(
            PeriodKind::Year,
            date(2026, 4, 27),
            21,
            -4_573_906,
            -0.009_148,
            (0.0354, 0.0202),
            -4_916_225,
            4_120_066,
        ),
        period(
            PeriodKind::Inception,
            date(2026, 4, 27),
            21,
            -4_573_906,
            -0.009_148,
            (0.0354, 0.0202),
            -4_916_225,
            4_120_066,
        ),
    ]
}

fn recent() -> Vec<RecentDay> {
    let line = series();
    let points = line.equity.windows(2).zip(line.benchmark.windows(2));
    let float = |value: Decimal| value.to_string().parse::<f64>().unwrap_or(1.0);
    points
        .map(|(equity, benchmark)| RecentDay {
            date: equity[1].date,
            equity: equity[1].value,
            pnl: Figure::Known(equity[1].value - equity[0].value),
            daily_return: Figure::Known(float(equity[1].value) / float(equity[0].value) - 1.0),
            benchmark: Figure::Known(float(benchmark[1].value) / float(benchmark[0].value) - 1.0),
        })
        .collect()
}

fn position_pnl() -> Vec<PositionPnl> {
    let row = |ticker: &str, name: &str, realised, moved| PositionPnl {
        ticker: ticker.into(),
        name: Some(name.into()),
        realised: dec(realised),
        unrealised_change: won(moved),
        total: won(realised + moved),
    };
    vec![
        row("086520", "에코프로", 0, 206_800),
        row("051910", "LG화학", 137_974, 0),
        row("032830", "삼성생명", 0, 96_000),
        row("005930", "삼성전자", 0, -39_000),
        row("214150", "클래시스", 0, -161_100),
        row("207940", "삼성바이오로직스", -376_867, 15_518),
    ]
}

fn group(name: &str, fills: u64, realised: i64, value: Option<i64>) -> GroupPnl {
    GroupPnl {
        name: name.into(),
        fills,
        realised: dec(realised),
        value: Figure::from_option(value.map(dec), Missing::NotCollected),
        weight: Figure::from_option(
            value.map(|value| ratio(value, 495_426_094)),
            Missing::NotCollected,
        ),
    }
}

const HOLDINGS: [(&str, &str, &str, i64, i64, i64); 8] = [
    ("214150", "클래시스", "의료정밀", 537, 28_242_290, 51_700),
    ("086520", "에코프로", "금융", 517, 27_365_756, 53_300),
    ("032830", "삼성생명", "보험", 240, 17_911_094, 75_800),
    ("011170", "롯데케미칼", "화학", 297, 17_563_653, 59_300),
    (
        "018260",
        "삼성에스디에스",
        "서비스업",
        120,
        15_989_414,
        133_600,
    ),
    ("005930", "삼성전자", "전기전자", 260, 10_941_857, 42_550),
    ("0009K0", "가상전환우", "기타", 41, 671_441, 15_850),
    ("035420", "NAVER", "서비스업", 2, 671_441, 325_000),
];

fn portfolio(day: Date) -> PortfolioStats {
    let invested: i64 = HOLDINGS
        .iter()
        .map(|&(.., quantity, _, price)| quantity * price)
        .sum();
    let positions = HOLDINGS
        .iter()
        .map(|&(ticker, name, sector, quantity, cost, price)| {
            let value = quantity * price;
            let stale = ticker == "0009K0";
            Position {
                ticker: ticker.into(),
                name: Some(name.into()),
                sector: Some(sector.into()),
                quantity: dec(quantity),
                cost: dec(cost),
                average_cost: (dec(cost) / dec(quantity)).round_dp(2),
                price: Figure::Known(Mark {
                    price: dec(price),
                    date: if stale { date(2026, 5, 26) } else { day },
                    stale,
                }),
                value: won(value),
                unrealised: won(value - cost),
                return_on_cost: Figure::Known(ratio(value - cost, cost)),
                weight: Figure::Known(ratio(value, invested)),
            }
        })
        .collect();
    PortfolioStats {
        equity: won(495_426_094),
        equity_recomputed: won(495_426_094),
        previous_equity: won(495_744_961),
        net_flow: won(0),
        daily_pnl: won(-318_867),
        daily_return: Figure::Known(-0.000_643_207_748_106_555_7),
        benchmark_return: Figure::Known(0.005_857_569_5),
        total_return: Figure::Known(-0.009_147_812),
        cash: won(330_844_744),
        invested: won(164_581_350),
        unrealised: Figure::Known(Decimal::new(34_266_070, 2)),
        realised_to_date: Figure::Known(Decimal::new(-491_622_470, 2)),
        exposure: Figure::Known(0.332_201_617_947_076),
        hhi: Figure::Known(0.106_141_291_658_692_2),
        effective_positions: Figure::Known(9.421_404_096_113_685),
        largest: Figure::Known(Largest {
            ticker: "214150".into(),
            name: Some("클래시스".into()),
            share_of_equity: Figure::Known(0.056_038_429_013_389_84),
        }),
        positions,
        positions_omitted: 8,
        position_count: Figure::Known(16),
        mark: "krx_close".into(),
        income: won(0),
        settled_cash: won(330_844_744),
        settles_on: Some(date(2026, 6, 1)),
        settles: won(-59_380_856),
    }
}

#[expect(clippy::cast_precision_loss, reason = "sample data, far below 2^52")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

fn risk() -> RiskMetrics {
    RiskMetrics {
        returns: 21,
        since: Some(date(2026, 4, 27)),
        max_drawdown: Figure::Known(-0.018_743_314_253_302_445),
        current_drawdown: Figure::Known(-0.018_383_418_358_303_483),
        drawdown_sessions: Figure::Known(9),
        volatility: Figure::Known(0.051_331_712_898_494_385),
        sharpe: Figure::Known(-2.123_455_846_899_465_5),
        sortino: Figure::Known(-2.930_364_598_321_468),
        var_95: Figure::Known(TailRisk {
            var: -0.005_561_802_147_499_24,
            cvar: -0.005_962_541_394_440_857,
            var_amount: won(-2_755_462),
            few_observations: false,
        }),
        var_99: Figure::Known(TailRisk {
            var: -0.006_202_984_942_605_827,
            cvar: -0.006_363_280_641_382_474,
            var_amount: won(-3_073_120),
            few_observations: true,
        }),
        beta: Figure::Known(0.416_532_601_952_954_4),
        benchmark: "^KS11".into(),
        trading_halted: Figure::Known(Halt {
            halted: false,
            reason: None,
        }),
        few_observations: true,
        longest_drawdown: Figure::Known(13),
        calmar: Figure::Known(-5.568),
        loss_limit: LimitUse {
            limit: Figure::Known(0.28),
            used: Figure::Known(0.009_147_812),
        },
        position_limit: LimitUse {
            limit: Figure::Known(0.1),
            used: Figure::Known(0.056_038_429_013_389_84),
        },
    }
}

fn system() -> SystemHealth {
    let range = |min, avg, max| Figure::Known(Range { min, avg, max });
    SystemHealth {
        status: Figure::Known("healthy".into()),
        uptime_seconds: Figure::Known(1_036_800),
        availability: Figure::Known(0.9987),
        errors: Figure::Known(3),
        warnings: Figure::Known(17),
        cpu_percent: range(2.1, 11.4, 63.0),
        memory_percent: range(41.0, 43.2, 47.9),
        disk_percent: range(57.1, 57.3, 57.6),
        transitions: vec![
            HealthTransition {
                at: at(11, 2),
                name: "database".into(),
                from: "healthy".into(),
                to: "degraded".into(),
                message: Some("slow: 1240 ms".into()),
            },
            HealthTransition {
                at: at(11, 4),
                name: "database".into(),
                from: "degraded".into(),
                to: "healthy".into(),
                message: None,
            },
        ],
        transitions_omitted: 0,
    }
}

fn performers() -> TopPerformers {
    let performer = |ticker: &str, name: &str, realised: i64, cost: i64, closed| Performer {
        ticker: ticker.into(),
        name: Some(name.into()),
        realised: dec(realised),
        return_on_cost: Figure::Known(ratio(realised, cost)),
        closed,
    };
    let best = vec![
        performer("051910", "LG화학", 137_974, 9_840_000, 1),
        performer("035720", "카카오", 14_051, 2_110_400, 1),
    ];
    let worst = vec![
        performer("207940", "삼성바이오로직스", -376_867, 16_400_000, 2),
        performer("293490", "카카오게임즈", -119_001, 7_204_000, 2),
        performer("006400", "삼성SDI", -44_567, 8_120_000, 1),
        performer("0009K0", "가상전환우", -24_098, 3_300_000, 1),
        performer("028260", "삼성물산", -17_690, 5_900_000, 1),
    ];
    let trade =
        |order: &str, hour, ticker: &str, name: &str, quantity, proceeds, cost, realised| {
            ClosedTrade {
                order_id: order.into(),
                executed_at: at(hour, 31),
                ticker: ticker.into(),
                name: Some(name.into()),
                quantity: dec(quantity),
                proceeds: dec(proceeds),
                cost: dec(cost),
                realised: dec(realised),
                return_on_cost: Figure::Known(ratio(realised, cost)),
            }
        };
    TopPerformers {
        by_ticker: best.iter().chain(worst.iter().rev()).cloned().collect(),
        by_ticker_omitted: 0,
        best_trade: Figure::Known(trade(
            "PAPER_SELL_1",
            10,
            "051910",
            "LG화학",
            24,
            10_001_000,
            9_840_000,
            137_974,
        )),
        worst_trade: Figure::Known(trade(
            "PAPER_SELL_2",
            14,
            "207940",
            "삼성바이오로직스",
            16,
            12_310_000,
            12_650_000,
            -370_100,
        )),
        best,
        worst,
    }
}

fn alerts() -> AlertsSummary {
    let line = |hour, level: &str, title: &str, source: &str, count, resolved| AlertLine {
        at: at(hour, 2),
        level: level.into(),
        title: title.into(),
        source: source.into(),
        count,
        resolved_at: resolved,
    };
    AlertsSummary {
        total: Figure::Known(6),
        by_level: Figure::Known(AlertCounts {
            critical: 1,
            error: 1,
            warning: 3,
            info: 1,
        }),
        suppressed: Figure::Known(4),
        undelivered: Figure::Known(0),
        active: Figure::Known(1),
        worst: vec![
            line(
                13,
                "critical",
                "Risk Threshold Breach: daily_loss",
                "risk_manager",
                2,
                Some(at(13, 40)),
            ),
            line(
                11,
                "error",
                "Error in order_router",
                "order_router",
                1,
                None,
            ),
            line(
                11,
                "warning",
                "Slow Performance: query",
                "database",
                1,
                Some(at(11, 4)),
            ),
        ],
    }
}

fn series() -> Series {
    const EQUITY: [i64; 22] = [
        500_000_000,
        499_889_897,
        498_993_999,
        499_402_112,
        501_120_004,
        500_410_980,
        502_003_415,
        504_713_000,
        503_018_773,
        501_440_220,
        499_702_981,
        498_800_106,
        499_960_431,
        498_070_774,
        497_510_203,
        496_902_880,
        497_344_019,
        495_800_442,
        496_240_100,
        495_244_453,
        495_744_961,
        495_426_094,
    ];
    const BENCHMARK: [i64; 22] = [
        270_000, 271_134, 268_965, 271_493, 272_579, 271_161, 273_927, 274_557, 271_262, 268_821,
        265_998, 269_190, 270_536, 272_971, 272_234, 275_120, 276_275, 274_894, 277_203, 277_979,
        277_931, 279_559,
    ];
    let mut day = date(2026, 5, 28);
    let mut dates = Vec::with_capacity(EQUITY.len());
    while dates.len() < EQUITY.len() {
        if !matches!(
            day.weekday(),
            jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
        ) {
            dates.push(day);
        }
        day = day.yesterday().unwrap_or(day);
    }
    dates.reverse();
    let mut peak = i64::MIN;
    let mut drawdown = Vec::with_capacity(EQUITY.len());
    for (&date, &equity) in dates.iter().zip(&EQUITY) {
        peak = peak.max(equity);
        drawdown.push(RatioPoint {
            date,
            value: ratio(equity - peak, peak),
        });
    }
    let money = |values: &[i64], scale| {
        dates
            .iter()
            .zip(values)
            .map(|(&date, &value)| MoneyPoint {
                date,
                value: Decimal::new(value, scale),
            })
            .collect()
    };
    let intraday = [(9, -3_127), (10, 134_847), (11, 90_280), (14, -437_085)];
    Series {
        equity: money(&EQUITY, 0),
        drawdown,
        benchmark: money(&BENCHMARK, 2),
        realised_intraday: intraday
            .iter()
            .map(|&(hour, value)| IntradayPoint {
                at: at(hour, 31),
                value: dec(value),
            })
            .collect(),
    }
}

fn fills() -> Vec<FillLine> {
    let fill = |order: &str, hour, ticker: &str, name: &str, side, quantity, price, realised| {
        let amount = quantity * price;
        FillLine {
            order_id: order.into(),
            executed_at: at(hour, 31),
            ticker: ticker.into(),
            name: Some(name.into()),
            side,
            quantity: dec(quantity),
            price: dec(price),
            amount: dec(amount),
            commission: dec(amount * 15 / 100_000),
            tax: if side == Side::Sell {
                dec(amount * 20 / 10_000)
            } else {
                Decimal::ZERO
            },
            status: "EXECUTED".into(),
            strategy: Some("momentum".into()),
            realised,
            ordered: Some(dec(quantity)),
            order_price: Some(dec(price)),
            venue: Some("KRX".into()),
        }
    };
    vec![
        fill("B1", 9, "005930", "삼성전자", Side::Buy, 100, 42_000, None),
        fill(
            "S1",
            10,
            "051910",
            "LG화학",
            Side::Sell,
            24,
            416_700,
            Some(dec(137_974)),
        ),
        fill(
            "S2",
            14,
            "207940",
            "삼성바이오로직스",
            Side::Sell,
            16,
            769_000,
            Some(dec(-370_100)),
        ),
    ]
}
