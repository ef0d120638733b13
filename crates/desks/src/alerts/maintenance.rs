//! A maintenance as an operator asks for it and sees it.

use bongsu_alerts::{AlertManager, Matcher, Silence};
use bongsu_ops::{ActiveSilence, Maintenance, NewMaintenance, OpsError, OpsResult};
use jiff::Timestamp;

use super::{failed, silences};

/// The maintenance that has not ended.
pub(super) fn now(alerts: &AlertManager) -> Option<Maintenance> {
    let (silence, _) = alerts.maintenance()?;
    Some(shown(silences::shown(alerts, &silence)))
}

fn shown(silence: ActiveSilence) -> Maintenance {
    Maintenance {
        id: silence.id,
        start: silence.start,
        until: silence.until,
        active: silence.active,
        holds: silence.holds,
        held: silence.held,
        by: silence.by,
        reason: silence.reason,
    }
}

/// Begins one, in the place of the one before.
pub(super) async fn begin(
    alerts: &AlertManager,
    asked: &NewMaintenance,
    now: Timestamp,
) -> OpsResult<Maintenance> {
    let (start, until) = asked.silence().span(now)?;
    let silence = Silence::new(Matcher::new(), until, asked.by.as_str()).maintenance();
    let mut silence = silence.comment(asked.comment.as_str());
    if start > now {
        silence = silence.starting(start);
    }
    // The same one, with another span: no moment lies between the two.
    if let Some((before, _)) = alerts.maintenance() {
        silence.id = before.id;
    }
    alerts.silence(silence.clone()).await.map_err(failed)?;
    Ok(shown(silences::shown(alerts, &silence)))
}

pub(super) async fn end(alerts: &AlertManager) -> OpsResult<()> {
    let Some((silence, _)) = alerts.maintenance() else {
        return Err(OpsError::no_such("maintenance"));
    };
    match alerts.unsilence(&silence.id).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(OpsError::no_such("maintenance")),
        Err(error) => Err(failed(error)),
    }
}
