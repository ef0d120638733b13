CREATE TABLE IF NOT EXISTS trades (
    id INTEGER PRIMARY KEY,
    order_id VARCHAR(50) NOT NULL,
    ticker VARCHAR(20) NOT NULL,
    action VARCHAR(10) NOT NULL,
    order_type VARCHAR(20) NOT NULL,
    quantity INTEGER NOT NULL,
    price NUMERIC(15, 2),
    executed_price NUMERIC(15, 2),
    executed_quantity INTEGER,
    total_amount BIGINT,
    commission INTEGER,
    tax INTEGER,
    status VARCHAR(20) NOT NULL,
    reason TEXT,
    strategy VARCHAR(50),
    created_at DATETIME,
    executed_at DATETIME,
    cancelled_at DATETIME,
    updated_at DATETIME
);
CREATE UNIQUE INDEX IF NOT EXISTS ix_trades_order_id ON trades (order_id);
CREATE INDEX IF NOT EXISTS ix_trades_executed_at ON trades (executed_at);
CREATE INDEX IF NOT EXISTS ix_trades_created_at ON trades (created_at);
CREATE INDEX IF NOT EXISTS ix_trades_ticker ON trades (ticker);
CREATE INDEX IF NOT EXISTS ix_trades_status ON trades (status);

CREATE TABLE IF NOT EXISTS portfolios (
    id INTEGER PRIMARY KEY,
    user_id VARCHAR(50) NOT NULL,
    ticker VARCHAR(20) NOT NULL,
    quantity INTEGER NOT NULL,
    avg_price NUMERIC(15, 2) NOT NULL,
    current_price NUMERIC(15, 2),
    current_value BIGINT,
    invested_amount BIGINT,
    unrealized_pnl BIGINT,
    unrealized_pnl_pct FLOAT,
    realized_pnl BIGINT,
    total_commission INTEGER,
    total_tax INTEGER,
    first_purchase_date DATETIME,
    last_transaction_date DATETIME,
    stop_loss_price NUMERIC(15, 2),
    stop_loss_pct FLOAT,
    trailing_stop_price NUMERIC(15, 2),
    trailing_stop_enabled BOOLEAN,
    trailing_stop_distance_pct FLOAT,
    highest_price_since_purchase NUMERIC(15, 2),
    take_profit_price NUMERIC(15, 2),
    take_profit_pct FLOAT,
    take_profit_use_technical BOOLEAN,
    created_at DATETIME,
    updated_at DATETIME
);
CREATE UNIQUE INDEX IF NOT EXISTS ix_portfolios_user_ticker ON portfolios (user_id, ticker);

CREATE TABLE IF NOT EXISTS portfolio_risk_metrics (
    id INTEGER PRIMARY KEY,
    user_id VARCHAR(50) NOT NULL,
    date DATETIME NOT NULL,
    total_value BIGINT NOT NULL,
    cash_balance BIGINT,
    invested_amount BIGINT,
    peak_value BIGINT,
    initial_capital BIGINT,
    total_pnl BIGINT,
    total_pnl_pct FLOAT,
    realized_pnl BIGINT,
    unrealized_pnl BIGINT,
    daily_pnl BIGINT,
    daily_pnl_pct FLOAT,
    current_drawdown FLOAT NOT NULL,
    max_drawdown FLOAT,
    drawdown_duration_days INTEGER,
    is_at_peak BOOLEAN,
    position_count INTEGER,
    largest_position_pct FLOAT,
    largest_position_ticker VARCHAR(20),
    total_exposure_pct FLOAT,
    total_loss_from_initial BIGINT,
    total_loss_from_initial_pct FLOAT NOT NULL,
    total_loss_from_peak BIGINT,
    total_loss_from_peak_pct FLOAT,
    max_position_size_limit FLOAT,
    max_loss_limit FLOAT,
    is_trading_halted BOOLEAN,
    trading_halt_reason TEXT,
    trading_halt_timestamp DATETIME,
    position_size_violations INTEGER,
    risk_warnings TEXT,
    sharpe_ratio FLOAT,
    win_rate FLOAT,
    profit_factor FLOAT,
    created_at DATETIME,
    updated_at DATETIME
);
CREATE INDEX IF NOT EXISTS ix_portfolio_risk_user_date ON portfolio_risk_metrics (user_id, date);

CREATE TABLE IF NOT EXISTS stocks (
    id INTEGER PRIMARY KEY,
    ticker VARCHAR(20) NOT NULL,
    name_kr VARCHAR(100) NOT NULL,
    name_en VARCHAR(100),
    market VARCHAR(20),
    sector VARCHAR(50),
    industry VARCHAR(100),
    market_cap BIGINT,
    listed_shares BIGINT,
    listed_date DATETIME,
    is_active BOOLEAN,
    created_at DATETIME,
    updated_at DATETIME
);
CREATE UNIQUE INDEX IF NOT EXISTS ix_stocks_ticker ON stocks (ticker);

CREATE TABLE IF NOT EXISTS stock_prices (
    id INTEGER PRIMARY KEY,
    stock_id INTEGER NOT NULL REFERENCES stocks (id) ON DELETE CASCADE,
    date DATETIME NOT NULL,
    open NUMERIC(15, 2) NOT NULL,
    high NUMERIC(15, 2) NOT NULL,
    low NUMERIC(15, 2) NOT NULL,
    close NUMERIC(15, 2) NOT NULL,
    volume BIGINT NOT NULL,
    adjusted_close NUMERIC(15, 2),
    trading_value BIGINT,
    change_pct FLOAT,
    created_at DATETIME
);
CREATE INDEX IF NOT EXISTS ix_stock_prices_stock_date ON stock_prices (stock_id, date);
