//! The two languages of a report.
//!
//! Every text is one line of one table, both languages side by side, so that a text without its
//! translation does not compile.

pub use bongsu_lang::{Lang, UnknownLang};

use crate::figure::Missing;
use crate::summary::{AlertCounts, QualityIssue, QualityNote, QualitySeverity};

impl Texts {
    pub(crate) const fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::En => &EN,
            Lang::Ko => &KO,
        }
    }
}

/// Declares `Texts` and both languages from one table: a missing translation is a syntax error.
macro_rules! texts {
    ($($key:ident: $en:literal, $ko:literal;)*) => {
        /// The fixed texts of one language.
        #[derive(Debug)]
        pub(crate) struct Texts { $(pub(crate) $key: &'static str,)* }
        static EN: Texts = Texts { $($key: $en,)* };
        static KO: Texts = Texts { $($key: $ko,)* };
        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($key), $en, $ko),)*];
    };
}

texts! {
    report_title: "Daily Trading Summary", "일일 거래 보고서";
    generated: "Generated", "생성";
    key_figures: "Key figures", "핵심 지표";
    checks: "Checks", "점검";
    charts: "Charts", "차트";
    trading: "Trading", "거래";
    portfolio: "Portfolio", "포트폴리오";
    positions: "Open positions", "보유 종목";
    risk: "Risk", "위험 지표";
    performers: "Top and bottom performers", "수익·손실 상위";
    best: "Best symbols", "수익 상위 종목";
    worst: "Worst symbols", "손실 상위 종목";
    best_trade: "Best trade", "최고 수익 거래";
    worst_trade: "Worst trade", "최대 손실 거래";
    alerts: "Alerts", "알림";
    worst_alerts: "Most severe alerts", "가장 심각한 알림";
    system: "System", "시스템";
    transitions: "Health changes", "상태 변화";
    reconciliation: "Reconciliation", "손익 대사";
    data_quality: "Data quality", "데이터 품질";
    fills_table: "Fills of the day", "당일 체결 내역";
    // Key figures
    daily_pnl: "Daily P&L", "일일 손익";
    daily_return: "Daily return", "일일 수익률";
    equity: "Equity", "총 평가금액";
    realised: "Realised P&L", "실현 손익";
    unrealised: "Unrealised P&L", "평가손익";
    win_rate: "Win rate", "승률";
    max_drawdown: "Max drawdown", "최대 낙폭";
    current_drawdown: "Current drawdown", "현재 낙폭";
    // Trading
    fills: "Fills", "체결";
    buys: "Buys", "매수";
    sells: "Sells", "매도";
    unfilled: "Unfilled orders", "미체결 주문";
    gross_amount: "Traded amount", "거래 대금";
    buy_amount: "Bought", "매수 대금";
    sell_amount: "Sold", "매도 대금";
    commission: "Commission", "수수료";
    tax: "Tax", "거래세";
    closed: "Closed trades", "매도 체결";
    wins: "Wins", "수익 거래";
    losses: "Losses", "손실 거래";
    even: "Even", "보합 거래";
    gross_profit: "Gross profit", "총수익";
    gross_loss: "Gross loss", "총손실";
    profit_factor: "Profit factor", "프로핏 팩터";
    average_win: "Average win", "평균 수익";
    average_loss: "Average loss", "평균 손실";
    turnover: "Turnover", "회전율";
    partial_fills: "Partial fills", "부분 체결";
    slippage: "Slippage against orders", "주문가 대비 체결 차이";
    // Portfolio
    equity_recomputed: "Equity, recomputed", "총 평가금액(재계산)";
    previous_equity: "Previous equity", "전일 총 평가금액";
    net_flow: "Net deposits", "순입금액";
    benchmark_return: "Benchmark return", "벤치마크 수익률";
    total_return: "Total return", "누적 수익률";
    cash: "Cash", "예수금";
    invested: "Value of positions", "평가금액";
    cost: "Cost of positions", "매입금액";
    settled_cash: "Cash once settled", "예수금(결제 후)";
    settles: "Settles", "결제 예정";
    income: "Dividends, interest, fees", "배당·이자·비용";
    valued_at: "Valued at", "평가 기준 가격";
    krx_close: "KRX close", "KRX 종가";
    last_trade: "last trade of any venue", "전체 시장 최종 체결가";
    realised_to_date: "Realised to date", "누적 실현 손익";
    exposure: "Positions, of equity", "주식 비중(총 평가금액 대비)";
    exposure_short: "Positions", "주식";
    hhi: "Concentration (HHI)", "집중도(HHI)";
    effective_positions: "Effective positions", "유효 종목 수";
    largest: "Largest position, of equity", "최대 보유 종목(총 평가금액 대비)";
    position_count: "Positions", "보유 종목 수";
    // Risk
    volatility: "Volatility, annual", "연 변동성";
    sharpe: "Sharpe ratio", "샤프 지수";
    sortino: "Sortino ratio", "소르티노 지수";
    var_95: "VaR 95%, 1 day", "VaR 95% (1일)";
    cvar_95: "CVaR 95%", "CVaR 95%";
    var_99: "VaR 99%, 1 day", "VaR 99% (1일)";
    cvar_99: "CVaR 99%", "CVaR 99%";
    beta: "Beta", "베타";
    returns: "Daily returns used", "사용한 일일 수익률 수";
    drawdown_sessions: "Sessions since peak", "고점 이후 거래일";
    longest_drawdown: "Longest drawdown, sessions", "최장 낙폭 기간(거래일)";
    calmar: "Calmar ratio", "칼마 지수";
    loss_limit: "Loss, of the limit", "손실 한도 사용";
    position_limit: "Largest position, of the limit", "종목 비중 한도 사용";
    halted: "Trading halt", "거래 중단";
    halted_yes: "Halted", "중단됨";
    halted_no: "Not halted", "중단 없음";
    few_observations: "few observations", "표본 부족";
    // Longer spans
    periods: "Week, month, year", "기간별 성과";
    period: "Period", "기간";
    week: "Week", "금주";
    month: "Month", "금월";
    year: "Year", "금년";
    inception: "Since inception", "누적";
    period_return: "Return", "수익률";
    pnl: "P&L", "손익";
    fees_and_tax: "Fees and tax", "수수료·세금";
    round_trips: "Round trips", "왕복 거래";
    holding_days: "Days held", "평균 보유일";
    payoff: "Payoff ratio", "손익비";
    recent: "Last sessions", "최근 거래일";
    date: "Date", "날짜";
    position_pnl: "P&L of the day by position", "종목별 당일 손익";
    groups: "By strategy and sector", "전략·업종별";
    by_strategy: "By strategy", "전략별";
    by_sector: "By sector", "업종별";
    strategy: "Strategy", "전략";
    holdings: "Positions of each account", "계좌별 보유 종목";
    sell_short: "Short sale", "공매도";
    cover: "Cover", "환매수";
    unfilled_orders: "Orders without a fill", "미체결 주문 내역";
    reason: "Reason", "사유";
    changes: "Changed since the report before", "이전 보고서와 달라진 내용";
    before: "Before", "이전";
    after: "Now", "현재";
    accounts: "Accounts", "계좌별";
    account: "Account", "계좌";
    weekly_title: "Weekly Trading Summary", "주간 거래 보고서";
    monthly_title: "Monthly Trading Summary", "월간 거래 보고서";
    yearly_title: "Yearly Trading Summary", "연간 거래 보고서";
    not_recorded: "not recorded", "기록 없음";
    // Tables
    symbol: "Symbol", "종목";
    sector: "Sector", "업종";
    quantity: "Quantity", "수량";
    average_cost: "Avg. cost", "평균단가";
    price: "Price", "가격";
    value: "Value", "평가금액";
    return_on_cost: "Return", "수익률";
    weight: "Of positions", "비중(주식 내)";
    of_equity: "Of equity", "비중(총액 대비)";
    trades: "Trades", "거래 수";
    time: "Time", "시각";
    side: "Side", "구분";
    buy: "Buy", "매수";
    sell: "Sell", "매도";
    amount: "Amount", "금액";
    fees: "Fees and tax", "제비용";
    order: "Order", "주문";
    status: "Status", "상태";
    level: "Level", "수준";
    title: "Title", "제목";
    source: "Source", "출처";
    count: "Count", "횟수";
    resolved: "Resolved", "해소";
    still_active: "active", "진행 중";
    dependency: "Dependency", "의존 서비스";
    whole_service: "Whole service", "서비스 전체";
    change: "Change", "변화";
    message: "Message", "내용";
    severity: "Severity", "심각도";
    issue: "Issue", "항목";
    subject: "Subject", "대상";
    detail: "Detail", "세부 내용";
    stale: "stale", "지난 종가";
    // Alerts and system
    total: "Total", "합계";
    critical: "Critical", "심각";
    error: "Error", "오류";
    warning: "Warning", "경고";
    info: "Info", "정보";
    suppressed: "Suppressed", "억제됨";
    undelivered: "Not delivered", "미전달";
    active: "Still active", "미해소";
    uptime: "Uptime", "가동 시간";
    availability: "Availability", "가용률";
    errors: "Errors logged", "오류 로그";
    warnings: "Warnings logged", "경고 로그";
    cpu: "CPU", "CPU";
    memory: "Memory", "메모리";
    disk: "Disk", "디스크";
    earlier_days: "earlier days", "이전 날짜";
    healthy: "healthy", "정상";
    degraded: "degraded", "성능 저하";
    unhealthy: "unhealthy", "비정상";
    // Reconciliation
    equity_change: "Change in equity", "자산 변동";
    unrealised_change: "Change in unrealised", "평가손익 변동";
    difference: "Difference", "차이";
    balanced: "Balanced", "일치";
    not_balanced: "Not balanced", "불일치";
    // Empty states
    no_positions: "No open positions.", "보유 종목이 없습니다.";
    no_fills: "No fills.", "체결 내역이 없습니다.";
    no_closed: "No closed trades.", "매도 체결이 없습니다.";
    no_alert_lines: "No alerts.", "알림이 없습니다.";
    alerts_not_collected: "Alerts were not collected.", "알림이 수집되지 않았습니다.";
    no_transitions: "No changes of health recorded.", "기록된 상태 변화가 없습니다.";
    no_quality: "No findings.", "발견된 문제가 없습니다.";
    // Charts
    chart_equity: "Equity curve", "자산 추이";
    chart_drawdown: "Drawdown", "낙폭";
    chart_pnl: "Realised P&L by symbol", "종목별 실현 손익";
    chart_intraday: "Realised P&L during the session", "장중 누적 실현 손익";
    rebased: "rebased", "시작점 맞춤";
    // Marks
    closed_day: "Market closed", "휴장일";
    special_hours: "Special hours", "특별 거래시간";
    unknown_calendar: "Calendar unknown", "휴장일 정보 없음";
    trading_halted: "Trading was halted", "거래가 중단되었습니다";
    late: "Late", "지연 발송";
    as_of: "As of", "기준 시각";
    source_down: "The data source could not be read", "데이터 출처를 읽을 수 없습니다";
    source_down_hint: "Every figure that depends on it is shown as –.", "이 출처에 따른 모든 수치는 –로 표시됩니다.";
    quality_clean: "Data quality: no findings", "데이터 품질: 문제 없음";
    currency_note: "Amounts in Korean won (KRW), rounded for display.", "금액 단위: 원. 표시할 때만 반올림합니다.";
    up_down_note: "▲ + gain, ▼ - loss, – not available.", "▲ + 수익, ▼ - 손실, – 값 없음.";
    exact_note: "The exact figures are in the JSON and CSV forms of this report.", "정확한 수치는 이 보고서의 JSON과 CSV에 있습니다.";
}

/// Why a figure is missing, as a fragment for brackets.
pub(crate) fn missing(lang: Lang, why: &Missing) -> String {
    if lang == Lang::En {
        return why.to_string();
    }
    match why {
        Missing::NoTrades => "거래 없음".into(),
        Missing::NoClosedTrades => "매도 체결 없음".into(),
        Missing::NoLosses => "손실 거래 없음".into(),
        Missing::NoWins => "수익 거래 없음".into(),
        Missing::NoNegativeReturns => "음의 수익률 없음".into(),
        Missing::TooFewReturns { have, need } => format!("수익률 {have}개, {need}개 필요"),
        Missing::NoVariation => "수익률 변동 없음".into(),
        Missing::BenchmarkFlat => "벤치마크 변동 없음".into(),
        Missing::NoBenchmark => "벤치마크 가격 없음".into(),
        Missing::BaseNotPositive => "기준 평가금액이 0 이하".into(),
        Missing::NoEquity => "평가금액 기록 없음".into(),
        Missing::NoPreviousEquity => "이전 평가금액 기록 없음".into(),
        Missing::NoCash => "예수금 기록 없음".into(),
        Missing::NothingInvested => "보유 종목 없음".into(),
        Missing::NoPrice => "가격 없음".into(),
        Missing::UnpricedPositions { count } => format!("가격 없는 종목 {count}개"),
        Missing::NotCollected => "수집 안 됨".into(),
        Missing::SourceUnavailable => "출처 접근 불가".into(),
        Missing::NotComputable => "계산 불가".into(),
    }
}

/// The name of a data-quality issue.
pub(crate) fn quality_issue(lang: Lang, issue: QualityIssue) -> &'static str {
    let (en, ko) = match issue {
        QualityIssue::BadRow => ("Unusable row", "사용할 수 없는 행"),
        QualityIssue::Oversold => ("Sold more than held", "보유 수량 초과 매도"),
        QualityIssue::AmountMismatch => (
            "Amount is not price × quantity",
            "금액이 가격 × 수량과 다름",
        ),
        QualityIssue::TaxDrift => ("Tax differs from the statutory rate", "법정 거래세와 다름"),
        QualityIssue::MissingPrice => ("No price", "가격 없음"),
        QualityIssue::StalePrice => ("Old price", "지난 종가 사용"),
        QualityIssue::OutsideSession => ("Outside trading hours", "거래 시간 외 체결"),
        QualityIssue::UnknownTicker => ("Not a KRX ticker", "KRX 종목 코드 아님"),
        QualityIssue::EquityMismatch => ("Recorded equity differs", "기록된 평가금액이 다름"),
        QualityIssue::Unreconciled => ("Does not reconcile", "손익 대사 불일치"),
        QualityIssue::EquityGap => ("Missing equity records", "평가금액 기록 누락"),
        QualityIssue::NegativeEquity => ("Equity zero or negative", "평가금액이 0 이하"),
        QualityIssue::CalendarUnknown => ("No calendar for the year", "해당 연도 휴장일 정보 없음"),
        QualityIssue::SnapshotRebuilt => ("Snapshot rebuilt", "스냅샷 재작성"),
        QualityIssue::FewObservations => ("Few observations", "표본 부족"),
        QualityIssue::SourceUnavailable => ("Source not readable", "출처 접근 불가"),
        QualityIssue::PortfolioMismatch => ("Recorded position differs", "기록된 보유 수량이 다름"),
        QualityIssue::IncompleteRow => ("Incomplete row", "불완전한 행"),
        QualityIssue::Overfilled => ("More executed than ordered", "주문 수량 초과 체결"),
        QualityIssue::SeriesRestarted => ("Series begins anew", "수익률 계산 기준 변경"),
        QualityIssue::LargeFlow => ("Large deposit or withdrawal", "큰 입출금"),
        QualityIssue::SharedTrades => ("Fills of several accounts", "여러 계좌의 체결"),
        QualityIssue::SplitFraction => ("Split left a fraction", "분할 후 단주 발생"),
    };
    lang.pick(en, ko)
}

/// The name of a severity.
pub(crate) fn quality_severity(lang: Lang, severity: QualitySeverity) -> &'static str {
    let t = Texts::of(lang);
    match severity {
        QualitySeverity::Error => t.error,
        QualitySeverity::Warning => t.warning,
        QualitySeverity::Info => t.info,
    }
}

/// A status word or an alert level in the reader's language; an unknown word stays as it is.
pub(crate) fn word(lang: Lang, word: &str) -> &str {
    let t = Texts::of(lang);
    match word {
        "healthy" => t.healthy,
        "degraded" => t.degraded,
        "unhealthy" => t.unhealthy,
        "critical" => t.critical,
        "error" => t.error,
        "warning" => t.warning,
        "info" => t.info,
        "earlier days" => t.earlier_days,
        other => other,
    }
}

/// What became of an order, in the reader's language, by the words that brokers' interfaces write; an
/// unknown word stays as it is.
pub(crate) fn order_status(lang: Lang, status: &str) -> &str {
    let word = status.trim().to_lowercase().replace([' ', '-'], "_");
    let (en, ko) = match word.as_str() {
        "executed" | "filled" | "complete" | "completed" | "체결" | "전량체결" | "전체체결"
        | "체결완료" => ("filled", "체결"),
        "partial" | "partially_filled" | "partial_fill" | "partially_executed" | "부분체결"
        | "부분_체결" | "일부체결" => ("partly filled", "부분 체결"),
        "cancelled" | "canceled" | "cancel" | "취소" | "주문취소" | "취소완료" | "취소확인" => {
            ("cancelled", "취소")
        }
        "rejected" | "reject" | "refused" | "거부" | "주문거부" | "거절" => {
            ("rejected", "거부")
        }
        "expired" | "expire" | "만료" | "기한만료" | "자동취소" => ("expired", "만료"),
        "replaced" | "amended" | "modified" | "정정" | "정정완료" | "정정확인" => {
            ("amended", "정정")
        }
        "pending" | "new" | "open" | "accepted" | "submitted" | "접수" | "대기" | "미체결"
        | "주문접수" => ("open", "미체결"),
        "failed" | "error" | "실패" | "오류" => ("failed", "실패"),
        _ => return status,
    };
    lang.pick(en, ko)
}

/// Buying or selling, in the reader's language; an unknown word stays as it is.
pub(crate) fn order_side(lang: Lang, action: &str) -> &str {
    let t = Texts::of(lang);
    let word = action.trim().to_uppercase().replace([' ', '-'], "_");
    match word.as_str() {
        "BUY" | "매수" | "현금매수" | "신용매수" => t.buy,
        "SELL" | "매도" | "현금매도" | "신용매도" => t.sell,
        "SHORT" | "SELL_SHORT" | "SHORT_SELL" | "공매도" => t.sell_short,
        "COVER" | "BUY_TO_COVER" | "SHORT_COVER" | "환매수" => t.cover,
        _ => action,
    }
}

/// The particulars of a data-quality note.
pub(crate) fn detail(lang: Lang, note: &QualityNote) -> &str {
    lang.pick_made(None, note.detail_ko.as_deref())
        .unwrap_or(&note.detail)
}

/// The short name of a weekday, Monday first (`0`).
pub(crate) fn weekday(lang: Lang, from_monday: usize) -> &'static str {
    const EN_DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const KO_DAYS: [&str; 7] = ["월", "화", "수", "목", "금", "토", "일"];
    lang.pick(EN_DAYS, KO_DAYS)
        .get(from_monday)
        .copied()
        .unwrap_or_default()
}

/// "… and 12 more".
pub(crate) fn more_rows(lang: Lang, count: u64) -> String {
    lang.pick_made(format!("and {count} more"), format!("외 {count}건"))
}

/// "3 of 11 closed".
pub(crate) fn wins_of(lang: Lang, wins: u64, closed: u64) -> String {
    lang.pick_made(
        format!("{wins} of {closed} closed"),
        format!("{closed}건 중 {wins}건"),
    )
}

/// "24 shares".
pub(crate) fn shares(lang: Lang, quantity: &str) -> String {
    let unit = if quantity == "1" { "share" } else { "shares" };
    lang.pick_made(format!("{quantity} {unit}"), format!("{quantity}주"))
}

/// "1 critical, 1 error, 3 warnings" of the levels that count, worst first.
pub(crate) fn alert_counts(lang: Lang, counts: &AlertCounts) -> String {
    let t = Texts::of(lang);
    let levels = [
        (counts.critical, t.critical),
        (counts.error, t.error),
        (counts.warning, t.warning),
        (counts.info, t.info),
    ];
    let parts: Vec<String> = levels
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, level)| {
            lang.pick_made(
                format!("{n} {}", level.to_lowercase()),
                format!("{level} {n}건"),
            )
        })
        .collect();
    parts.join(", ")
}

/// Why a day is closed, or has other hours. What an operator wrote stays as it is.
pub(crate) fn closure(lang: Lang, reason: &str) -> String {
    if lang == Lang::En {
        return reason.to_owned();
    }
    let one = |part: &str| {
        let name = |name: &str| {
            Some(match name {
                "Saturday" => "토요일",
                "Sunday" => "일요일",
                "New Year's Day" => "신정",
                "The day preceding Korean New Year" => "설날 연휴(전날)",
                "Korean New Year" => "설날",
                "The second day of Korean New Year" => "설날 연휴(다음 날)",
                "Independence Movement Day" => "삼일절",
                "National Assembly Election Day" => "국회의원 선거일",
                "Presidential Election Day" => "대통령 선거일",
                "Local Election Day" => "지방 선거일",
                "Workers' Day" | "Labor Day" => "노동절",
                "Children's Day" => "어린이날",
                "Buddha's Birthday" => "부처님오신날",
                "Memorial Day" => "현충일",
                "Constitution Day" => "제헌절",
                "Liberation Day" => "광복절",
                "The day preceding Chuseok" => "추석 연휴(전날)",
                "Chuseok" => "추석",
                "The second day of Chuseok" => "추석 연휴(다음 날)",
                "Armed Forces Day" => "국군의 날",
                "National Foundation Day" => "개천절",
                "Hangul Day" => "한글날",
                "Christmas Day" => "성탄절",
                "End of Year Holiday" => "연말 휴장일",
                "Temporary Public Holiday" => "임시공휴일",
                "first session of the year" => "연초 첫 거래일",
                "university entrance examination" => "대학수학능력시험일",
                _ => return None,
            })
        };
        match part.strip_prefix("Alternative holiday for ") {
            Some(of) => name(of).map(|of| format!("{of} 대체공휴일")),
            None => name(part).map(str::to_owned),
        }
        .unwrap_or_else(|| part.to_owned())
    };
    reason.split("; ").map(one).collect::<Vec<_>>().join(", ")
}

/// "62% of 5%": how much of a limit is used.
pub(crate) fn of_limit(lang: Lang, used: &str, limit: &str) -> String {
    lang.pick_made(
        format!("{used} of {limit}"),
        format!("{used} / 한도 {limit}"),
    )
}

/// "Revision 2".
pub(crate) fn revision(lang: Lang, number: u32) -> String {
    lang.pick_made(format!("Revision {number}"), format!("{number}차 정정"))
}

/// "since 2026-04-27".
pub(crate) fn since(lang: Lang, date: &str) -> String {
    lang.pick_made(format!("since {date}"), format!("{date}부터"))
}

/// "20 buys, 11 sells".
pub(crate) fn buys_sells(lang: Lang, buys: u64, sells: u64) -> String {
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    lang.pick_made(
        format!("{buys} buy{}, {sells} sell{}", plural(buys), plural(sells)),
        format!("매수 {buys}건, 매도 {sells}건"),
    )
}

/// "Data quality: 2 errors, 1 warning".
pub(crate) fn quality_counts(lang: Lang, errors: u64, warnings: u64, infos: u64) -> String {
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    let parts: Vec<String> = [
        (
            errors,
            lang.pick_made(
                format!("{errors} error{}", plural(errors)),
                format!("오류 {errors}건"),
            ),
        ),
        (
            warnings,
            lang.pick_made(
                format!("{warnings} warning{}", plural(warnings)),
                format!("경고 {warnings}건"),
            ),
        ),
        (
            infos,
            lang.pick_made(
                format!("{infos} note{}", plural(infos)),
                format!("참고 {infos}건"),
            ),
        ),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(_, text)| text)
    .collect();
    format!("{}: {}", Texts::of(lang).data_quality, parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages() {
        assert!(ALL.len() > 100);
        for (key, en, ko) in ALL {
            assert!(
                !en.trim().is_empty() && !ko.trim().is_empty(),
                "{key} is empty"
            );
            assert!(
                !en.chars().any(is_hangul),
                "{key}: Korean in the English text"
            );
            let proper_noun = matches!(*key, "cpu" | "cvar_95" | "cvar_99" | "var_95" | "var_99");
            assert!(
                proper_noun || ko.chars().any(is_hangul),
                "{key}: no Korean in {ko:?}"
            );
            assert!(
                !en.contains('\u{2212}') && !ko.contains('\u{2212}'),
                "{key}: U+2212"
            );
        }
    }

    fn is_hangul(c: char) -> bool {
        ('\u{ac00}'..='\u{d7a3}').contains(&c)
    }

    #[test]
    fn every_reason_is_translated() {
        for why in [
            Missing::NoTrades,
            Missing::NoClosedTrades,
            Missing::NoLosses,
            Missing::NoWins,
            Missing::NoNegativeReturns,
            Missing::TooFewReturns { have: 1, need: 2 },
            Missing::NoVariation,
            Missing::BenchmarkFlat,
            Missing::NoBenchmark,
            Missing::BaseNotPositive,
            Missing::NoEquity,
            Missing::NoPreviousEquity,
            Missing::NoCash,
            Missing::NothingInvested,
            Missing::NoPrice,
            Missing::UnpricedPositions { count: 3 },
            Missing::NotCollected,
            Missing::SourceUnavailable,
            Missing::NotComputable,
        ] {
            assert!(missing(Lang::Ko, &why).chars().any(is_hangul), "{why:?}");
            assert!(!missing(Lang::En, &why).chars().any(is_hangul), "{why:?}");
        }
    }

    #[test]
    fn languages_parse() {
        assert_eq!("KO".parse::<Lang>().unwrap(), Lang::Ko);
        assert_eq!("en".parse::<Lang>().unwrap(), Lang::En);
        assert_eq!(
            "jp".parse::<Lang>().unwrap_err().to_string(),
            r#"unknown language "jp", expected en or ko"#
        );
    }

    #[test]
    fn counts_read_well() {
        let counts = AlertCounts {
            critical: 1,
            error: 0,
            warning: 3,
            info: 0,
        };
        assert_eq!(alert_counts(Lang::En, &counts), "1 critical, 3 warning");
        assert_eq!(alert_counts(Lang::Ko, &counts), "심각 1건, 경고 3건");
        assert_eq!(shares(Lang::En, "1"), "1 share");
        assert_eq!(
            quality_counts(Lang::En, 1, 2, 0),
            "Data quality: 1 error, 2 warnings"
        );
        assert_eq!(
            quality_counts(Lang::Ko, 0, 2, 1),
            "데이터 품질: 경고 2건, 참고 1건"
        );
    }
}
