//! A certificate authority and a leaf for `localhost`, made anew.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// `ca.pem` and `ca.key`, `leaf.pem` and `leaf.key` in a folder that goes with this.
#[derive(Debug)]
pub struct Certificates {
    folder: TempDir,
}

impl Default for Certificates {
    fn default() -> Self {
        Self::new()
    }
}

impl Certificates {
    /// Makes them with `openssl`; the leaf is for `localhost` and `127.0.0.1`, and for clients too.
    ///
    /// # Panics
    ///
    /// When openssl is missing or refuses.
    #[must_use]
    pub fn new() -> Self {
        let made = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let extensions = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n\
                          subjectAltName=DNS:localhost,IP:127.0.0.1\n";
        fs::write(made.path("leaf.ext"), extensions).unwrap();
        made.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=test-ca -keyout ca.key -out ca.pem -addext keyUsage=critical,keyCertSign");
        made.openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout leaf.key -out leaf.csr");
        made.openssl("x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile leaf.ext -out leaf.pem");
        made
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(self.folder.path())
            .output()
            .expect("openssl is missing: install the Debian package openssl");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {said}");
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One of the files.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The authority's certificate.
    ///
    /// # Panics
    ///
    /// When the file is gone.
    #[must_use]
    pub fn ca_pem(&self) -> Vec<u8> {
        fs::read(self.path("ca.pem")).unwrap()
    }
}
