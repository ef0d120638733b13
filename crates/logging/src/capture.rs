//! Log lines in memory, for tests.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Collects lines; clones share them.
///
/// ```
/// use bongsu_logging::{Capture, LoggingConfig};
///
/// let capture = Capture::new();
/// LoggingConfig::new("orders", "test")
///     .capture(&capture)
///     .build()?
///     .with_default(|| tracing::info!(price = 70_000, "filled"));
/// let lines = capture.lines();
/// assert_eq!(lines.len(), 1);
/// assert!(lines[0].contains(r#""message":"filled","price":70000"#));
/// # Ok::<(), bongsu_logging::LoggingError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Capture {
    /// An empty capture.
    #[must_use]
    pub fn new() -> Capture {
        Capture::default()
    }

    /// The lines so far, without their newlines.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }

    /// Everything as one JSON array, for a parser of the user's choice:
    /// `serde_json::from_str::<Vec<Value>>(&capture.json())`. For the JSON format only.
    #[must_use]
    pub fn json(&self) -> String {
        format!("[{}]", self.lines().join(","))
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether a line contains the text.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// Forgets the lines.
    pub fn clear(&self) {
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl io::Write for Capture {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
