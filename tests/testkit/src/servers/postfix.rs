//! A Postfix of one's own: its configuration, queue and port, stopped at the end.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{Certificates, Process, free_port, until};

/// An MTA that demands STARTTLS and delivers to `desk@bongsu.test` alone.
#[derive(Debug)]
pub struct Postfix {
    master: Process,
    folder: TempDir,
    port: u16,
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // The master stops its own daemons on SIGTERM; dropping the process kills it if it does not.
        self.master.signal("TERM");
        until("postfix ends", || self.master.0.try_wait().ok().flatten());
    }
}

fn folder(path: &Path, owner: &str, mode: u32) {
    fs::create_dir_all(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let status = Command::new("chown").arg(owner).arg(path).status().unwrap();
    assert!(status.success(), "chown {owner} {}", path.display());
}

impl Postfix {
    /// Starts it with a certificate; it answers a little later.
    ///
    /// # Panics
    ///
    /// When Postfix is missing, or the tests do not run as root.
    #[must_use]
    pub fn start(certificates: &Certificates) -> Self {
        Self::start_with(certificates, "")
    }

    /// As [`Postfix::start`], with lines of its configuration besides.
    ///
    /// # Panics
    ///
    /// When Postfix is missing, or the tests do not run as root.
    #[must_use]
    pub fn start_with(certificates: &Certificates, more: &str) -> Self {
        let made = tempfile::tempdir().unwrap();
        let root = made.path();
        folder(root, "root", 0o755);
        let etc = root.join("etc");
        folder(&etc, "root", 0o755);
        folder(&root.join("data"), "postfix", 0o700);
        folder(&root.join("mail"), "nobody", 0o700);
        let queue = root.join("queue");
        folder(&queue, "root", 0o755);
        for name in [
            "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
            "private", "saved", "trace",
        ] {
            folder(&queue.join(name), "postfix", 0o700);
        }
        folder(&queue.join("pid"), "root", 0o755);
        folder(&queue.join("public"), "postfix:postdrop", 0o710);
        folder(&queue.join("maildrop"), "postfix:postdrop", 0o730);
        for name in ["leaf.pem", "leaf.key"] {
            fs::copy(certificates.path(name), etc.join(name)).unwrap();
        }
        let port = free_port();
        let (here, etc_text) = (root.display(), etc.display());
        fs::write(
            etc.join("main.cf"),
            format!(
                "compatibility_level = 3.6\nqueue_directory = {here}/queue\ndata_directory = {here}/data\n\
                 maillog_file = {here}/log\nmaillog_file_prefixes = {here}\n\
                 myhostname = mail.bongsu.test\nmydestination =\nmynetworks = 127.0.0.0/8\ninet_interfaces = 127.0.0.1\n\
                 inet_protocols = ipv4\nalias_maps =\nalias_database =\nlocal_recipient_maps =\n\
                 smtpd_tls_security_level = encrypt\nsmtpd_tls_cert_file = {etc_text}/leaf.pem\nsmtpd_tls_key_file = {etc_text}/leaf.key\n\
                 virtual_mailbox_domains = bongsu.test\nvirtual_mailbox_base = {here}/mail\n\
                 virtual_mailbox_maps = inline:{{ desk@bongsu.test=desk/ }}\n\
                 virtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\nvirtual_minimum_uid = 100\n\
                 smtpd_recipient_restrictions = permit_mynetworks, reject\nsmtpd_relay_restrictions = permit_mynetworks, reject\n{more}\n"
            ),
        )
        .unwrap();
        let service = |name: &str, privilege: &str, kind: &str, command: &str| {
            format!("{name} {kind} {privilege} {command}\n")
        };
        let unix = |name: &str, command: &str| service(name, "- - n - -", "unix", command);
        let services = [
            service(&format!("127.0.0.1:{port}"), "n - n - -", "inet", "smtpd"),
            service("cleanup", "n - n - 0", "unix", "cleanup"),
            service("qmgr", "n - n 300 1", "unix", "qmgr"),
            service("tlsmgr", "- - n 1000? 1", "unix", "tlsmgr"),
            unix("rewrite", "trivial-rewrite"),
            unix("bounce", "bounce"),
            unix("defer", "bounce"),
            unix("trace", "bounce"),
            unix("proxymap", "proxymap"),
            unix("error", "error"),
            unix("retry", "error"),
            service("virtual", "- n n - -", "unix", "virtual"),
            service("anvil", "- - n - 1", "unix", "anvil"),
            service("postlog", "n - n - 1", "unix-dgram", "postlogd"),
        ];
        fs::write(etc.join("master.cf"), services.concat()).unwrap();
        let mut command = Command::new("/usr/lib/postfix/sbin/master");
        // `-d`: in the foreground, so that its pid is ours.
        command
            .arg("-c")
            .arg(&etc)
            .arg("-d")
            .env("MAIL_CONFIG", &etc)
            .stdout(Stdio::null());
        let master = Process::start(&mut command, "postfix");
        Self {
            master,
            folder: made,
            port,
        }
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What lies in a mailbox, each mail a file.
    #[must_use]
    pub fn mailbox(&self, name: &str) -> PathBuf {
        self.folder.path().join("mail").join(name).join("new")
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}
