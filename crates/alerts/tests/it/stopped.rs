//! A receiver that was stopped holds nobody else up, and gets its messages when it goes on.

use std::time::Duration;

use async_trait::async_trait;
use bongsu_alerts::testing::RecordingChannel;
use bongsu_alerts::{
    Alert, AlertLevel, AlertManager, Attempt, BreakerConfig, Channel, Limits, Notification,
    Outcome, RenderError, Rendered, RetryConfig, Target,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::child::{Process, say};

const PATIENCE: Duration = Duration::from_secs(30);

/// Answers every line with `ok`, and says it to the parent.
pub(crate) async fn receiver() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    say(&listener.local_addr().unwrap().to_string());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        // Whoever gave up waiting has closed; its line still counts as arrived.
        if stream.read_line(&mut line).await.is_ok() && line.ends_with('\n') {
            say(line.trim_end());
            let _ = stream.get_mut().write_all(b"ok\n").await;
        }
    }
}

#[derive(Debug)]
struct TcpChannel {
    address: String,
}

#[async_trait]
impl Channel for TcpChannel {
    fn id(&self) -> &str {
        "tcp"
    }

    fn limits(&self) -> Limits {
        Limits::new(1_000.0, 1_000)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("tcp")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        Ok(Rendered::new(
            target.clone(),
            "text/plain",
            n.alert.title.clone(),
        ))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        let talk = async {
            let mut stream = BufReader::new(TcpStream::connect(&self.address).await?);
            let title = String::from_utf8_lossy(&message.body);
            let line = format!("{} {title}\n", cx.delivery_id);
            stream.get_mut().write_all(line.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_line(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        match tokio::time::timeout_at(cx.deadline, talk).await {
            Ok(Ok(answer)) if answer == "ok\n" => Outcome::delivered(),
            Ok(Ok(answer)) => Outcome::transient(format!("answered {answer:?}")),
            Ok(Err(error)) => Outcome::transient(error.to_string()),
            Err(_) => Outcome::transient("timed out"),
        }
    }
}

#[tokio::test]
async fn a_stopped_receiver_holds_nobody_up() {
    let mut receiver = Process::start("receiver", &[]);
    let mut lines = receiver.lines();
    let address = lines.next().unwrap();
    let other = RecordingChannel::new("other");
    let (alerts, dispatcher) = AlertManager::builder("svc", "test")
        .channel(TcpChannel { address })
        .channel(other.clone())
        .storm(1_000)
        .retry(RetryConfig {
            base: Duration::from_millis(20),
            cap: Duration::from_millis(200),
            attempt: Duration::from_millis(300),
            ..RetryConfig::default()
        })
        .breaker(BreakerConfig {
            open: Duration::from_millis(100),
            longest: Duration::from_millis(200),
            ..BreakerConfig::default()
        })
        .build()
        .unwrap();
    let send = async |title: String| {
        let alert = Alert::new(AlertLevel::Error, title, "m", "s");
        alerts.send_alert(alert).await.unwrap();
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let body = async {
        send("before".to_owned()).await;
        assert!(other.wait_for(1, PATIENCE).await);
        receiver.signal("STOP");
        for n in 0..50 {
            send(format!("while stopped {n}")).await;
        }
        // The healthy channel has them all, and the failing one is known to be failing.
        assert!(other.wait_for(51, PATIENCE).await);
        while !alerts.get_statistics().channels["tcp"].failing {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(other.wait_for(52, PATIENCE).await);
        receiver.signal("CONT");
        let mut waited = Duration::ZERO;
        while alerts.get_statistics().pending > 0 {
            assert!(waited < PATIENCE, "{:?}", alerts.get_statistics());
            tokio::time::sleep(Duration::from_millis(50)).await;
            waited += Duration::from_millis(50);
        }
        let _ = stop.send(());
    };
    tokio::join!(body, dispatcher.run(stopped));
    receiver.kill();
    let mut titles = std::collections::HashMap::new();
    for line in lines {
        let (id, title) = line.split_once(' ').unwrap();
        let first = titles.entry(title.to_owned()).or_insert(id.to_owned());
        assert_eq!(first, id, "{title} came under two keys");
    }
    assert_eq!(titles.len(), 51, "{titles:?}");
}
