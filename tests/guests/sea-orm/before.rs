//! A service with sea-orm, whose sqlx is a generation before bongsu's.

use std::error::Error;

use axum::{Router, extract::State, routing::get};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = Database::connect("sqlite:shop.db?mode=rwc").await?;
    let table = "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY)";
    database.execute_unprepared(table).await?;
    let app = Router::new()
        .route("/orders", get(orders))
        .with_state(database);
    let listener = TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn orders(State(database): State<DatabaseConnection>) -> String {
    let count = "SELECT count(*) AS n FROM orders";
    let row = database
        .query_one(Statement::from_string(DbBackend::Sqlite, count))
        .await;
    match row {
        Ok(Some(row)) => row
            .try_get::<i64>("", "n")
            .map_or_else(|e| e.to_string(), |n| n.to_string()),
        Ok(None) => "no row".to_owned(),
        Err(error) => error.to_string(),
    }
}
