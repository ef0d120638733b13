//! Silences as an operator asks for them and sees them.

use bongsu_alerts::{AlertLevel, AlertManager, Lang, Matcher, Silence, Weekly};
use bongsu_ops::{
    ActiveSilence, MOST_HELD, NewSilence, OpsError, OpsResult, Recurrence, SilencePreview,
    WeeklyHours, Words,
};
use jiff::{Timestamp, tz::TimeZone};

use super::failed;

/// A silence with what it holds now.
pub(super) fn shown(alerts: &AlertManager, silence: &Silence) -> ActiveSilence {
    let mut holds = alerts.silenced_by(&silence.id).unwrap_or_default();
    let held = holds.len();
    holds.truncate(MOST_HELD);
    ActiveSilence {
        id: silence.id.clone(),
        matches: about(&silence.matcher),
        start: silence.starts,
        until: silence.until,
        recurrence: recurrence(silence),
        active: alerts.silence_holds(&silence.id),
        holds,
        held,
        by: silence.by.clone(),
        reason: silence.comment.clone(),
    }
}

fn about(matcher: &Matcher) -> Words {
    Words {
        en: matcher.in_words(Lang::En),
        ko: matcher.in_words(Lang::Ko),
    }
}

fn recurrence(silence: &Silence) -> Option<Words> {
    let session = silence.during.as_ref().map(|name| {
        let outside = name.strip_prefix("outside ");
        let (en, ko) = match outside {
            Some(hours) => (name.clone(), format!("{hours} 외")),
            None => (format!("in {name}"), format!("{name} 중")),
        };
        Words { en, ko }
    });
    let weekly = silence.weekly.as_ref().map(|weekly| Words {
        en: weekly.in_words(Lang::En),
        ko: weekly.in_words(Lang::Ko),
    });
    weekly.or(session)
}

/// What a silence is about.
fn matcher(asked: &NewSilence) -> Matcher {
    let (least, most) = asked.levels();
    let mut matcher = Matcher::new();
    if least > AlertLevel::Info {
        matcher = matcher.min_level(least);
    }
    if most < AlertLevel::Critical {
        matcher = matcher.max_level(most);
    }
    if let Some(key) = &asked.key {
        matcher = matcher.key(key.as_str());
    }
    if let Some(source) = &asked.source {
        matcher = matcher.source(source.as_str());
    }
    if let Some(tag) = &asked.tag {
        matcher = matcher.tag(tag.as_str());
    }
    if let Some(kind) = &asked.kind {
        matcher = matcher.kind(kind.as_str());
    }
    let facts = asked.metadata.iter();
    facts.fold(matcher, |matcher, (name, value)| {
        matcher.metadata(name.as_str(), value.clone())
    })
}

pub(super) async fn silence(
    alerts: &AlertManager,
    asked: &NewSilence,
    now: Timestamp,
) -> OpsResult<ActiveSilence> {
    let (start, until) = asked.span(now)?;
    let mut silence = Silence::new(matcher(asked), until, asked.by.as_str());
    silence = silence.comment(asked.comment.as_str());
    if start > now {
        silence = silence.starting(start);
    }
    silence = match &asked.recurrence {
        None => silence,
        Some(Recurrence::Session(name)) => silence.during(session(alerts, name)?),
        Some(Recurrence::Weekly(hours)) => {
            silence.weekly(weekly(hours, &alerts.presentation().zone)?)
        }
    };
    alerts.silence(silence.clone()).await.map_err(failed)?;
    Ok(shown(alerts, &silence))
}

/// The hours of that name, as the service knows them.
fn session(alerts: &AlertManager, name: &str) -> OpsResult<String> {
    let known = alerts.hours();
    let found = known
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name.trim()));
    found.cloned().ok_or_else(|| {
        let known = match known.is_empty() {
            true => "this service has no calendar of an exchange".to_owned(),
            false => format!("one of {}", known.join(", ")),
        };
        OpsError::Invalid(format!(
            "recurrence.session: {name:?} is not known: {known}"
        ))
    })
}

fn weekly(hours: &WeeklyHours, own: &TimeZone) -> OpsResult<Weekly> {
    let zone = hours.zone.clone().unwrap_or_else(|| name(own));
    let weekly = Weekly::new(zone.as_str(), hours.from.0, hours.to.0).ok_or_else(|| {
        OpsError::Invalid(format!(
            "recurrence.weekly.zone: {zone:?} is no time zone, such as Asia/Seoul, UTC or +09:00"
        ))
    })?;
    Ok(match hours.days.is_empty() {
        true => weekly,
        false => weekly.on(hours.days.iter().map(|day| day.0)),
    })
}

/// A zone as a silence keeps it. The exchange's own may have no name where the machine knows none.
fn name(zone: &TimeZone) -> String {
    let offset = |seconds: i32| {
        let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    };
    let fixed = zone.to_fixed_offset().map(|it| offset(it.seconds()));
    let named = zone.iana_name().map(str::to_owned);
    named
        .or(fixed.ok())
        .unwrap_or_else(|| "Asia/Seoul".to_owned())
}

pub(super) fn preview(alerts: &AlertManager, asked: &NewSilence) -> SilencePreview {
    let matcher = matcher(asked);
    let mut holds = alerts.matching(&matcher);
    let held = holds.len();
    holds.truncate(MOST_HELD);
    SilencePreview {
        matches: about(&matcher),
        holds,
        held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_kept_by_a_name_that_a_silence_takes() {
        let fixed = |seconds| TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).unwrap());
        for (zone, kept) in [
            (TimeZone::UTC, "UTC"),
            (fixed(9 * 3_600), "+09:00"),
            (fixed(-12_600), "-03:30"),
            (TimeZone::posix("KST-9").unwrap(), "Asia/Seoul"),
        ] {
            assert_eq!(name(&zone), kept);
            let midnight = jiff::civil::Time::midnight();
            assert!(Weekly::new(kept, midnight, midnight).is_some());
        }
    }
}
