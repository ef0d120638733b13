//! The fuzz target's property, by random bytes in every ordinary run.

use crate::any_event;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_event_gives_one_line_that_reads_back(
        bytes in proptest::collection::vec(any::<u8>(), 0..1_500),
    ) {
        any_event::check(&bytes, true);
    }
}
