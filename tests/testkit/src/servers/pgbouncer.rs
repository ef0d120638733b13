//! A PgBouncer before a PostgreSQL of one's own.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{Postgres, postgres::as_server};
use crate::{Process, free_port, until};

/// A pooler in transaction mode, as it comes: each transaction may meet another session.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    _folder: TempDir,
    process: Option<Process>,
}

impl PgBouncer {
    /// Starts it with two sessions for everybody, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When PgBouncer is missing or does not start.
    #[must_use]
    pub fn before(server: &Postgres) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (port, settings) = (free_port(), folder.path().join("pgbouncer.ini"));
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=bongsu\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nserver_round_robin = 1\n",
            server.port()
        );
        fs::write(&settings, text).unwrap();
        let program = Path::new("/usr/sbin/pgbouncer");
        assert!(program.exists(), "PgBouncer (Debian package pgbouncer)");
        let mut command = as_server(program);
        command
            .arg("-q")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Process::start(&mut command, "pgbouncer");
        let bouncer = Self {
            port,
            _folder: folder,
            process: Some(process),
        };
        until("PgBouncer answers", || {
            let mut ready = Command::new("pg_isready");
            ready.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
            ready.status().unwrap().success().then_some(())
        });
        bouncer
    }

    /// The server's database `bongsu`, through it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://bongsu:hunter2@127.0.0.1:{}/bongsu", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal("QUIT");
            let _ = process.wait();
        }
    }
}
