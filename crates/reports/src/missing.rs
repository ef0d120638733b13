//! Sections without figures, each with the same reason.

use rust_decimal::Decimal;

use crate::figure::Missing;
use crate::summary::{PortfolioStats, Reconciliation, RiskMetrics, TopPerformers, TradingStats};

impl TradingStats {
    /// Every figure missing for one reason.
    #[must_use]
    pub fn missing(why: &Missing) -> Self {
        Self {
            fills: why.clone().into(),
            buys: why.clone().into(),
            sells: why.clone().into(),
            unfilled_orders: why.clone().into(),
            gross_amount: why.clone().into(),
            buy_amount: why.clone().into(),
            sell_amount: why.clone().into(),
            commission: why.clone().into(),
            tax: why.clone().into(),
            realised: why.clone().into(),
            closed: why.clone().into(),
            wins: why.clone().into(),
            losses: why.clone().into(),
            even: why.clone().into(),
            win_rate: why.clone().into(),
            gross_profit: why.clone().into(),
            gross_loss: why.clone().into(),
            profit_factor: why.clone().into(),
            average_win: why.clone().into(),
            average_loss: why.clone().into(),
            turnover: why.clone().into(),
            partial_fills: why.clone().into(),
            slippage: why.clone().into(),
            slippage_ratio: why.clone().into(),
            unfilled: Vec::new(),
        }
    }
}

impl PortfolioStats {
    /// Every figure missing for one reason.
    #[must_use]
    pub fn missing(why: &Missing) -> Self {
        Self {
            equity: why.clone().into(),
            equity_recomputed: why.clone().into(),
            previous_equity: why.clone().into(),
            net_flow: why.clone().into(),
            daily_pnl: why.clone().into(),
            daily_return: why.clone().into(),
            benchmark_return: why.clone().into(),
            total_return: why.clone().into(),
            cash: why.clone().into(),
            invested: why.clone().into(),
            unrealised: why.clone().into(),
            realised_to_date: why.clone().into(),
            exposure: why.clone().into(),
            hhi: why.clone().into(),
            effective_positions: why.clone().into(),
            largest: why.clone().into(),
            positions: Vec::new(),
            positions_omitted: 0,
            position_count: why.clone().into(),
            mark: String::new(),
            income: why.clone().into(),
            settled_cash: why.clone().into(),
            settles_on: None,
            settles: why.clone().into(),
        }
    }
}

impl RiskMetrics {
    /// Every figure missing for one reason.
    #[must_use]
    pub fn missing(why: &Missing, benchmark: &str) -> Self {
        Self {
            returns: 0,
            since: None,
            max_drawdown: why.clone().into(),
            current_drawdown: why.clone().into(),
            drawdown_sessions: why.clone().into(),
            volatility: why.clone().into(),
            sharpe: why.clone().into(),
            sortino: why.clone().into(),
            var_95: why.clone().into(),
            var_99: why.clone().into(),
            beta: why.clone().into(),
            benchmark: benchmark.to_owned(),
            trading_halted: why.clone().into(),
            few_observations: false,
            longest_drawdown: why.clone().into(),
            calmar: why.clone().into(),
            loss_limit: crate::summary::risk::no_limit(),
            position_limit: crate::summary::risk::no_limit(),
        }
    }
}

impl TopPerformers {
    /// Every figure missing for one reason.
    #[must_use]
    pub fn missing(why: &Missing) -> Self {
        Self {
            best: Vec::new(),
            worst: Vec::new(),
            best_trade: why.clone().into(),
            worst_trade: why.clone().into(),
            by_ticker: Vec::new(),
            by_ticker_omitted: 0,
        }
    }
}

impl Reconciliation {
    /// Every figure missing for one reason.
    #[must_use]
    pub fn missing(why: &Missing, tolerance: Decimal) -> Self {
        Self {
            equity_change: why.clone().into(),
            realised: why.clone().into(),
            unrealised_change: why.clone().into(),
            net_flow: why.clone().into(),
            income: why.clone().into(),
            difference: why.clone().into(),
            balanced: why.clone().into(),
            tolerance,
        }
    }
}
