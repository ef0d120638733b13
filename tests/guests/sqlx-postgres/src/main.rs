//! The commonest service: axum, and sqlx with its default features on PostgreSQL.

use std::process::ExitCode;

use axum::{Router, extract::State, routing::get};
use bongsu::{
    Bongsu, Config,
    health::{Check, CheckError, CheckOutput, DependencyType},
};
use sqlx::PgPool;

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL is set");
    let pool = PgPool::connect_lazy(&url).expect("DATABASE_URL is a URL");
    let asked = pool.clone();
    let database = Check::new("postgres", DependencyType::Database, move || {
        let pool = asked.clone();
        async move {
            let answer = sqlx::query("SELECT 1").execute(&pool).await;
            answer.map_err(|error| CheckError::new(error.to_string()))?;
            Ok(CheckOutput::ok())
        }
    });
    let bongsu = Bongsu::builder(Config::from_env()?)
        .check(database)
        .start()
        .await?;
    let app = Router::new().route("/orders", get(orders)).with_state(pool);
    bongsu.serve(app).await
}

async fn orders(State(pool): State<PgPool>) -> String {
    let count: Result<i64, _> = sqlx::query_scalar("SELECT count(*) FROM pg_database")
        .fetch_one(&pool)
        .await;
    count.map_or_else(|error| error.to_string(), |count| (count > 0).to_string())
}
