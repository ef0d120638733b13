//! Those who read what arrives, and believe it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Value, json};
use ulid::Ulid;

use crate::channel::{AlertStatus, Notification};
use crate::clock::Now;
use crate::{AlertLevel, Rendered, Target};

/// What a reader thinks of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    /// None: a digest said so, which names the worst that there was.
    Fires(Option<AlertLevel>),
    Over,
}

/// A channel and a target of it.
pub(super) type Place = (usize, usize);

/// What digests go by.
pub(super) const DIGEST: &str = "bongsu|digest";

/// A replica's digest, to whoever reads it.
pub(super) fn digest_of(replica: usize) -> String {
    format!("{DIGEST} of {replica}")
}

/// What a message goes by: each replica opens and closes digests of its own.
fn own(key: &str, replica: usize) -> String {
    match key {
        DIGEST => digest_of(replica),
        _ => key.to_owned(),
    }
}

/// Nobody is told the same again within this.
const COOLDOWN: Duration = Duration::from_secs(15 * 60);

#[derive(Debug, Default)]
pub(super) struct Readers {
    beliefs: HashMap<(Place, String), Belief>,
    /// The last that arrived of a key from a replica, alone.
    newest: HashMap<(Place, String, usize), Ulid>,
    /// When it arrived.
    told_at: HashMap<(Place, String), Now>,
    /// How often something else was said of it that was merged into what is on its way.
    news: HashMap<(Place, String), usize>,
    /// How often another replica may tell it as well: it arrived, and whoever sent it does not know; or a
    /// digest told it, and the other gathers by itself.
    doubted: HashMap<(Place, String), usize>,
    /// The keys that a replica's digests told to fire, until their end.
    members: HashMap<(Place, usize), HashSet<String>>,
    /// There is more than one replica.
    several: bool,
    seen: HashSet<(Place, String)>,
    /// Messages, each counted once.
    pub(super) told: usize,
}

/// What a channel of the test sends.
pub(super) fn render(notification: &Notification, target: &Target) -> Rendered {
    let lines: Vec<Value> = notification
        .digest
        .iter()
        .map(|line| json!([line.title, line.ended.is_some()]))
        .collect();
    let body = json!({
        "key": notification.alert.key,
        "level": notification.alert.level,
        "status": notification.status,
        "lines": lines,
    });
    Rendered::new(target.clone(), "application/json", body.to_string())
}

/// Whether it may be told once more; that was it, then.
fn take(left: &mut HashMap<(Place, String), usize>, about: &(Place, String)) -> bool {
    let left = left.get_mut(about).filter(|left| **left > 0);
    left.is_some_and(|left| {
        *left -= 1;
        true
    })
}

impl Readers {
    pub(super) fn of(several: bool) -> Self {
        Self {
            several,
            ..Self::default()
        }
    }

    pub(super) fn belief(&self, place: Place, key: &str) -> Option<Belief> {
        self.beliefs.get(&(place, key.to_owned())).copied()
    }

    /// Whether somebody has a digest of a replica that is over: whatever it told anybody of the channel is.
    pub(super) fn outlived(
        &self,
        place: Place,
        replica: usize,
        fires: impl Fn(&str) -> bool,
    ) -> bool {
        let open = self.belief(place, &digest_of(replica)) == Some(Belief::Fires(None));
        let of_channel = |(of, _): &(&(Place, usize), _)| of.0.0 == place.0 && of.1 == replica;
        let mut told = self.members.iter().filter(of_channel);
        open && !told.any(|(_, keys)| keys.iter().any(|key| fires(key)))
    }

    /// Something else was said of the key and is on its way, or was merged into what is.
    pub(super) fn news(&mut self, place: Place, key: &str) {
        *self.news.entry((place, key.to_owned())).or_default() += 1;
    }

    /// It may be told once more.
    pub(super) fn doubt(&mut self, place: Place, key: &str) {
        *self.doubted.entry((place, key.to_owned())).or_default() += 1;
    }

    /// A message arrives; gives the keys that it tells of, or what is wrong with it. `detour`: somebody
    /// who knows is told once more on purpose.
    pub(super) fn read(
        &mut self,
        place: Place,
        (replica, id, body): (usize, Ulid, &[u8]),
        (now, detour): (Now, bool),
        excused: impl Fn(&str) -> bool,
    ) -> Result<Vec<String>, String> {
        let body: Value = serde_json::from_slice(body).unwrap();
        let status: AlertStatus = serde_json::from_value(body["status"].clone()).unwrap();
        if status == AlertStatus::Digest {
            // Repeated, it opens again what was closed meanwhile.
            let digest = (place, digest_of(replica));
            self.beliefs.insert(digest, Belief::Fires(None));
        }
        if !self.seen.insert((place, id.to_string())) {
            if let Some(key) = body["key"].as_str() {
                if status == AlertStatus::Resolved {
                    // It is read again, too.
                    let about = (place, own(key, replica));
                    self.beliefs.insert(about, Belief::Over);
                }
                if self.several {
                    // Another replica may have told the end meanwhile: this one tells it as well.
                    self.doubt(place, key);
                }
            }
            return Ok(Vec::new());
        }
        self.told += 1;
        if status == AlertStatus::Digest {
            let lines = body["lines"].as_array().unwrap();
            let mut keys = Vec::new();
            for line in lines {
                let key = line[0].as_str().unwrap().to_owned();
                let over = line[1] == true;
                let belief = if over {
                    Belief::Over
                } else {
                    Belief::Fires(None)
                };
                self.beliefs.insert((place, key.clone()), belief);
                let members = self.members.entry((place, replica)).or_default();
                members.extend((!over).then(|| key.clone()));
                if self.several {
                    self.doubt(place, &key);
                }
                keys.push(key);
            }
            return Ok(keys);
        }
        let key = own(body["key"].as_str().unwrap_or_default(), replica);
        let about = (place, key.clone());
        if self
            .newest
            .insert((place, key.clone(), replica), id)
            .is_some_and(|before| before > id)
        {
            return Err(format!(
                "{key} arrives at {place:?} after what was said of it later"
            ));
        }
        let belief = if status == AlertStatus::Resolved {
            let knows = matches!(self.beliefs.get(&about), Some(Belief::Fires(_)));
            if key.starts_with(DIGEST) {
                self.members.remove(&(place, replica));
            }
            // Its beginning may have been merged into what followed; and whoever does not know that the end
            // arrived leaves it to another replica.
            let doubted = self.doubted.get(&about).is_some_and(|left| *left > 0);
            if !knows && !doubted && !self.news.contains_key(&about) && !excused(&key) {
                return Err(format!(
                    "{key} ends for {place:?}, who does not know that it began"
                ));
            }
            Belief::Over
        } else {
            Belief::Fires(Some(serde_json::from_value(body["level"].clone()).unwrap()))
        };
        let again = self.beliefs.insert(about.clone(), belief) == Some(belief);
        let before = self.told_at.insert(about.clone(), now);
        // A new run goes by the wall clock, which may have been set meanwhile.
        let soon = before.is_some_and(|before| {
            let wall = now.wall.duration_since(before.wall);
            now.tick.since(before.tick) < COOLDOWN && wall < COOLDOWN.try_into().unwrap()
        });
        // Told on purpose, it leaves to another what else allows it.
        let repeated = again && soon && !detour;
        let allowed = repeated && (take(&mut self.news, &about) || take(&mut self.doubted, &about));
        if repeated && !allowed && !excused(&key) {
            return Err(format!(
                "{key} is told {place:?}, who has just been told the same"
            ));
        }
        Ok(vec![key])
    }
}
