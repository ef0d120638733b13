//! A mail through a real MTA: its own configuration, queue and port, stopped at the end.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use bongsu_alerts::channels::{EmailChannel, EmailConfig};
use bongsu_alerts::{Channel, Target};

use super::rig::{
    Certificates, Guard, PATIENCE, attempt, eventually, firing, free_port, parse_mail,
};

struct Postfix {
    master: Guard,
    dir: tempfile::TempDir,
    port: u16,
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // The master stops its own daemons on SIGTERM; the guard kills it if it does not.
        let pid = self.master.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        for _ in 0..100 {
            if !matches!(self.master.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

fn folder(path: &Path, owner: &str, mode: u32) {
    std::fs::create_dir_all(path).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let status = Command::new("chown").arg(owner).arg(path).status().unwrap();
    assert!(status.success(), "chown {owner} {}", path.display());
}

impl Postfix {
    fn start(certificates: &Certificates) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
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
            std::fs::copy(certificates.path(name), etc.join(name)).unwrap();
        }
        let port = free_port();
        let (here, etc_text) = (root.display(), etc.display());
        std::fs::write(
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
                 smtpd_recipient_restrictions = permit_mynetworks, reject\nsmtpd_relay_restrictions = permit_mynetworks, reject\n"
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
        std::fs::write(etc.join("master.cf"), services.concat()).unwrap();
        let mut command = Command::new("/usr/lib/postfix/sbin/master");
        // `-d`: in the foreground, so that its pid is ours.
        command
            .arg("-c")
            .arg(&etc)
            .arg("-d")
            .env("MAIL_CONFIG", &etc)
            .stdout(Stdio::null());
        let master = Guard::start(&mut command, "postfix");
        Self { master, dir, port }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_korean_mail_lands_in_a_mailbox() {
    let certificates = Certificates::new();
    let postfix = Postfix::start(&certificates);
    let channel = EmailChannel::new(EmailConfig {
        host: "localhost".to_owned(),
        port: postfix.port,
        from: "봉수 <alerts@bongsu.test>".to_owned(),
        to: vec![
            "desk@bongsu.test".to_owned(),
            "nobody@bongsu.test".to_owned(),
        ],
        ca_pem: Some(certificates.ca_pem()),
        hello: Some("engine.bongsu.test".to_owned()),
        ..EmailConfig::default()
    })
    .unwrap();
    eventually("postfix answers", || async {
        channel.probe().await.is_delivered().then_some(())
    })
    .await;

    let n = firing();
    let desk = channel
        .render(&n, &Target::new("desk@bongsu.test"))
        .unwrap();
    let outcome = channel.deliver(&attempt(&n, 1, PATIENCE), &desk).await;
    assert!(outcome.is_delivered(), "{outcome:?}\n{}", postfix.log());
    assert!(outcome.reason().contains("queued as"), "{outcome:?}");

    let new = postfix.dir.path().join("mail/desk/new");
    let mail = eventually("the mail is in the mailbox", || async {
        let entry = std::fs::read_dir(&new).ok()?.next()?.ok()?;
        std::fs::read(entry.path()).ok()
    })
    .await;
    let parsed = parse_mail(&mail);
    assert_eq!(
        parsed["headers"]["subject"],
        format!("[CRITICAL] {}", n.alert.title)
    );
    assert_eq!(
        parsed["headers"]["message-id"],
        format!("<{}@bongsu.test>", n.delivery_id)
    );
    let plain = parsed["tree"]["parts"][0]["text"].as_str().unwrap();
    assert!(plain.contains(&n.alert.message), "{plain}");
    assert!(
        parsed["headers"]["received"]
            .as_str()
            .unwrap()
            .contains("with ESMTPS"),
        "{parsed}"
    );

    let refused = channel
        .render(&n, &Target::new("nobody@bongsu.test"))
        .unwrap();
    let outcome = channel.deliver(&attempt(&n, 1, PATIENCE), &refused).await;
    assert_eq!(outcome.as_str(), "permanent", "{outcome:?}");
    assert!(outcome.reason().contains("550"), "{outcome:?}");
}
