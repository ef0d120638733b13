//! Whether the ports of what is to be started are free: Docker finds that out when half of it runs.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
};

use super::{ADDRESSES, compose::Compose};
use crate::run::Failure;

/// `running` keep theirs; with `only`, nothing else but what it needs is started.
pub(super) fn check(compose: &Compose, running: &[String], only: &[String]) -> Result<(), Failure> {
    let wanted = if only.is_empty() {
        compose.services()?
    } else {
        only.to_vec()
    };
    for (service, address) in ADDRESSES {
        let starts = wanted.iter().any(|name| name == service);
        if !starts || running.iter().any(|name| name == service) {
            continue;
        }
        let port = address
            .rsplit(':')
            .next()
            .and_then(|rest| rest.split('/').next()?.parse().ok())
            .unwrap_or(0);
        if taken(port) {
            return Err(Failure(format!(
                "port {port}, which {service} listens on, is in use by something else. Nothing was started. \
                 `ss -ltnp 'sport = :{port}'` says what it is."
            )));
        }
    }
    Ok(())
}

fn taken(port: u16) -> bool {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    bound.is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_taken_while_somebody_listens() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(taken(port));
        drop(listener);
        assert!(!taken(port));
    }
}
