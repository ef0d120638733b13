//! From the parts to the whole: pure.

use crate::status::{HealthStatus, Importance};

/// One part, as the aggregation sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) status: HealthStatus,
    pub(crate) importance: Importance,
    /// Unknown because its last result is too old, rather than because it has not run yet.
    pub(crate) stale: bool,
}

/// The worst of `unhealthy > unknown > degraded > healthy`, after each part's importance has
/// capped it. A stale critical part makes the whole unhealthy. No parts: healthy.
pub(crate) fn aggregate(parts: impl IntoIterator<Item = Part>) -> HealthStatus {
    parts
        .into_iter()
        .map(capped)
        .max()
        .unwrap_or(HealthStatus::Healthy)
}

/// What one part can do to the whole.
fn capped(part: Part) -> HealthStatus {
    match part.importance {
        Importance::Critical if part.stale => HealthStatus::Unhealthy,
        Importance::Critical => part.status,
        Importance::Degrading => part.status.min(HealthStatus::Degraded),
        Importance::Informational => HealthStatus::Healthy,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use HealthStatus::{Degraded, Healthy, Unhealthy, Unknown};
    use Importance::{Critical, Degrading, Informational};

    #[track_caller]
    fn check(parts: &[(HealthStatus, Importance)], expected: HealthStatus) {
        let parts = parts.iter().map(|&(status, importance)| Part {
            status,
            importance,
            stale: false,
        });
        assert_eq!(aggregate(parts), expected);
    }

    #[test]
    fn table() {
        check(&[], Healthy);
        check(&[(Healthy, Critical)], Healthy);
        check(&[(Unhealthy, Critical), (Healthy, Critical)], Unhealthy);
        check(&[(Unhealthy, Degrading), (Healthy, Critical)], Degraded);
        check(&[(Unknown, Degrading)], Degraded);
        check(&[(Unhealthy, Informational)], Healthy);
        check(&[(Unknown, Critical), (Degraded, Critical)], Unknown);
        check(&[(Unknown, Critical), (Unhealthy, Critical)], Unhealthy);
    }

    #[test]
    fn stale_critical_is_unhealthy() {
        let part = |importance| Part {
            status: Unknown,
            importance,
            stale: true,
        };
        assert_eq!(aggregate([part(Critical)]), Unhealthy);
        assert_eq!(aggregate([part(Degrading)]), Degraded);
        assert_eq!(aggregate([part(Informational)]), Healthy);
    }

    fn parts() -> impl Strategy<Value = Vec<Part>> {
        let status = prop_oneof![
            Just(Healthy),
            Just(Degraded),
            Just(Unknown),
            Just(Unhealthy)
        ];
        let importance = prop_oneof![Just(Informational), Just(Degrading), Just(Critical)];
        let part =
            (status, importance, any::<bool>()).prop_map(|(status, importance, stale)| Part {
                status,
                importance,
                stale: stale && status == Unknown,
            });
        proptest::collection::vec(part, 0..12)
    }

    proptest! {
        #[test]
        fn order_does_not_matter(parts in parts()) {
            let backwards = parts.iter().rev().copied();
            prop_assert_eq!(aggregate(parts.clone()), aggregate(backwards));
        }

        #[test]
        fn another_part_never_improves_the_whole(parts in parts(), more in parts()) {
            let both = parts.iter().chain(&more).copied();
            prop_assert!(aggregate(both) >= aggregate(parts.clone()));
        }

        #[test]
        fn a_split_can_be_joined(a in parts(), b in parts()) {
            let whole = aggregate(a.iter().chain(&b).copied());
            prop_assert_eq!(whole, aggregate(a).max(aggregate(b)));
        }

        #[test]
        fn only_critical_parts_take_the_service_down(parts in parts()) {
            let critical_down = parts.iter().any(|p| p.importance == Critical && !p.status.is_up());
            prop_assert_eq!(!aggregate(parts.clone()).is_up(), critical_down);
        }

        #[test]
        fn a_worse_part_never_improves_the_whole(parts in parts(), at in any::<prop::sample::Index>()) {
            prop_assume!(!parts.is_empty());
            let mut worse = parts.clone();
            let one = at.get_mut(&mut worse);
            one.status = Unhealthy;
            one.stale = false;
            prop_assert!(aggregate(worse) >= aggregate(parts));
        }

        #[test]
        fn raised_importance_never_improves_the_whole(parts in parts(), at in any::<prop::sample::Index>()) {
            prop_assume!(!parts.is_empty());
            let mut raised = parts.clone();
            at.get_mut(&mut raised).importance = Critical;
            prop_assert!(aggregate(raised) >= aggregate(parts));
        }
    }
}
