//! None of the others' variables ends the start, and what bongsu cannot use is said.

use std::process::{Command, Stdio};

use bongsu_testkit::{Process, free_port, servers::http_get, until};

#[test]
fn it_starts_whatever_the_variables_of_others_say() {
    for others in [
        &[("DATABASE_URL", "postgres://app:hunter2@db.internal/app")][..],
        &[("DATABASE_URL", "mysql://app:hunter2@db.internal/app")],
        &[(
            "DATABASE_URL",
            "postgresql+asyncpg://app:hunter2@db.internal/app",
        )],
        &[("SMTP_HOST", "mail.internal"), ("SMTP_PASSWORD", "hunter2")],
        &[("REDIS_URL", "redis://:hunter2@cache.internal:6379")],
        &[
            ("RUST_LOG", "info,hyper=warn"),
            ("OTEL_SERVICE_NAME", "app"),
        ],
        &[(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://collector.internal:4318",
        )],
    ] {
        let port = free_port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_guest-environment"));
        command
            .env_clear()
            .env("SERVICE_NAME", "guest")
            .env("PORT", port.to_string())
            .envs(others.iter().copied())
            .current_dir(std::env::temp_dir())
            .stdout(Stdio::piped());
        let data = std::env::temp_dir().join(format!("guest-environment-{port}"));
        command.env("BONGSU_DATA_DIR", &data);
        let mut service = Process::start(&mut command, "of this repository");
        let said = service.lines();
        until(&format!("it listens on PORT with {others:?}"), || {
            http_get(port, "/liveness").ok()
        });
        assert_eq!(http_get(port, "/orders").unwrap(), "none");
        let unknown = http_get(port, "/no-such").unwrap_err();
        assert!(unknown.to_string().contains("404"), "{unknown}");
        assert!(service.stop().success(), "{others:?}");
        let log = said.rest().join("\n");
        assert!(!log.contains("hunter2"), "{log}");
        let _ = std::fs::remove_dir_all(data);
    }
}
