//! Whether something accepts connections.

use async_trait::async_trait;
use bongsu_connect::{OffRuntime, Target};

use crate::check::{Check, CheckError, CheckOutput, Probe};
use crate::error::{HealthError, Problem};
use crate::status::DependencyType;

/// Connects and hangs up again.
#[derive(Debug)]
pub struct TcpProbe {
    target: Target,
    off: OffRuntime,
}

impl TcpProbe {
    /// To `host:port`.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] when that is not a host and a port.
    pub fn new(address: &str) -> Result<Self, HealthError> {
        let bad = |reason: &str| Problem::InvalidTarget {
            name: "tcp".to_owned(),
            reason: reason.to_owned(),
        };
        let target = Target::parse(address, None)
            .map_err(|reason| HealthError::Invalid(vec![bad(reason)]))?;
        Ok(Self {
            target,
            off: OffRuntime::default(),
        })
    }

    /// As a check of a service.
    pub fn into_check(self, name: impl Into<String>) -> Check {
        Check::from_probe(name, DependencyType::Service, self)
    }
}

#[async_trait]
impl Probe for TcpProbe {
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let (_stream, address) = self.target.connect(&self.off).await?;
        Ok(CheckOutput::ok().metadata("address", address.to_string()))
    }
}

/// A check that `host:port` accepts connections.
///
/// # Errors
///
/// [`HealthError::Invalid`] when the address is not a host and a port.
pub fn tcp(name: impl Into<String>, address: &str) -> Result<Check, HealthError> {
    Ok(TcpProbe::new(address)?.into_check(name))
}
