-- name: trades
SELECT no AS id, 'main' AS account, isu AS ticker, side AS action, filled AS executed_quantity,
       px AS executed_price, fee AS commission, tax, at AS executed_at FROM deals
-- name: portfolio_risk_metrics
SELECT 'main' AS user_id, at AS date, won AS total_value, cash AS cash_balance FROM nav
-- name: stock_prices
SELECT isu AS ticker, day AS date, px AS close FROM closes
-- name: stocks
SELECT DISTINCT isu AS ticker, isu AS name FROM deals
