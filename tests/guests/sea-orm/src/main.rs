//! A service with sea-orm, whose sqlx is a generation before bongsu's.

use std::process::ExitCode;

use axum::{Router, extract::State, routing::get};
use bongsu::Bongsu;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    let database = Database::connect("sqlite:shop.db?mode=rwc").await;
    let database = database.map_err(bongsu::Error::service)?;
    let table = "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY)";
    let made = database.execute_unprepared(table).await;
    made.map_err(bongsu::Error::service)?;
    let bongsu = Bongsu::from_env().await?;
    let app = Router::new()
        .route("/orders", get(orders))
        .with_state(database);
    bongsu.serve(app).await
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
