//! Timelines in which engine and sentence disagreed once, as short as they would get.

use super::play;
use super::timeline::Mood::{Away, Busy, Deaf, Mute, Refuses, TargetBroken};
use super::timeline::Step::{self, Check, End, Fire, Mood, Pass, Restart, Switch, Sync};
use crate::AlertLevel::{Critical, Error, Info, Warning};

fn agrees(rules: u64, steps: &[Step]) {
    assert_eq!(play(rules, 1, steps), Ok(()));
}

fn replicas_agree(rules: u64, steps: &[Step]) {
    assert_eq!(play(rules, 2, steps), Ok(()));
}

#[test]
fn an_event_that_ran_out_while_its_digest_was_retried() {
    agrees(
        1005,
        &[
            Fire(0, Warning),
            Mood(1, Refuses),
            Fire(3, Error),
            Fire(4, Error),
            Mood(3, Busy),
            Pass(2820),
            Check,
        ],
    );
}

#[test]
fn what_a_restart_found_overtaken_does_not_unsay_what_overtook_it() {
    agrees(
        1850,
        &[
            Mood(3, Away),
            Fire(4, Info),
            Fire(4, Critical),
            Restart(0, false),
            Check,
        ],
    );
}

#[test]
fn what_is_over_takes_no_detour() {
    agrees(
        1692,
        &[
            Mood(2, Deaf),
            Fire(0, Info),
            Fire(4, Critical),
            Fire(1, Critical),
            End(4),
            Fire(3, Critical),
            Pass(470),
            Check,
        ],
    );
}

#[test]
fn a_fallback_that_is_told_anyway_is_told_once() {
    agrees(
        1625,
        &[
            Fire(1, Warning),
            Mood(2, Busy),
            Fire(3, Error),
            Mood(2, Deaf),
            End(1),
            Fire(0, Info),
            Pass(5976),
            Fire(1, Critical),
            Check,
        ],
    );
}

#[test]
fn a_digest_of_the_last_run_is_tried_as_long_as_any() {
    agrees(
        1860,
        &[
            Mood(3, Away),
            Fire(0, Error),
            Fire(2, Critical),
            End(0),
            Fire(2, Warning),
            Fire(4, Critical),
            Restart(0, false),
            Pass(5785),
            Check,
        ],
    );
}

#[test]
fn what_never_ended_for_its_reader_escalates_when_it_begins_again() {
    agrees(
        2151,
        &[
            Fire(1, Critical),
            Switch(0, false),
            End(1),
            Fire(1, Critical),
            Switch(0, true),
            Check,
        ],
    );
}

#[test]
fn an_end_is_folded_into_the_digest_with_its_beginning() {
    agrees(
        2667,
        &[
            Mood(2, TargetBroken),
            Fire(1, Error),
            Pass(6075),
            Fire(4, Warning),
            End(4),
            Sync(48),
            Restart(0, true),
            Check,
        ],
    );
}

#[test]
fn what_is_milder_meanwhile_takes_no_detour() {
    agrees(
        3484,
        &[
            Mood(0, Away),
            Fire(2, Critical),
            Fire(2, Info),
            Pass(18),
            Pass(5),
            Restart(0, true),
            Check,
        ],
    );
}

#[test]
fn what_falls_still_falls_after_a_restart() {
    replicas_agree(
        10,
        &[
            Fire(3, Critical),
            Fire(2, Critical),
            Check,
            Fire(0, Critical),
            Fire(2, Error),
            Restart(0, true),
            Pass(2),
        ],
    );
}

#[test]
fn it_falls_for_one_replica_and_begins_for_another() {
    replicas_agree(
        1,
        &[
            Mood(0, Refuses),
            Fire(1, Warning),
            Check,
            Fire(1, Info),
            Pass(487),
        ],
    );
}

#[test]
fn an_end_that_nobody_knows_to_have_arrived_is_told_by_the_other_replica() {
    replicas_agree(
        38,
        &[
            Fire(4, Error),
            Pass(6),
            Fire(3, Critical),
            Mood(3, Mute),
            End(4),
            Check,
        ],
    );
}

#[test]
fn a_probe_that_another_replica_makes_is_waited_for() {
    replicas_agree(
        2001,
        &[Mood(1, TargetBroken), Fire(2, Critical), Pass(6488)],
    );
}

#[test]
fn what_was_hidden_by_something_sent_again_is_hidden_after_a_restart() {
    agrees(
        6003,
        &[
            Fire(0, Critical),
            Check,
            Fire(0, Critical),
            Fire(1, Warning),
            Restart(0, true),
        ],
    );
}

#[test]
fn what_a_digest_said_after_its_end_was_told_is_ended_again() {
    replicas_agree(
        126,
        &[
            Fire(2, Warning),
            Fire(0, Error),
            Fire(4, Error),
            Pass(6),
            Fire(3, Critical),
            End(4),
            Check,
        ],
    );
}

#[test]
fn both_replicas_gather_for_the_morning() {
    replicas_agree(10037, &[Check, Check, Fire(3, Error), End(3), Check]);
}

#[test]
fn what_two_replicas_do_not_know_to_have_arrived() {
    replicas_agree(
        4031,
        &[
            Restart(0, false),
            Fire(0, Error),
            Mood(0, Mute),
            End(0),
            Fire(1, Critical),
            Pass(39),
            End(1),
            Fire(1, Critical),
            Check,
        ],
    );
}

#[test]
fn a_watcher_speaks_to_both_replicas() {
    replicas_agree(8002, &[Sync(49)]);
}
