//! A service of one replica.

use super::super::timeline::Mood::{Away, Busy, ChannelBroken, Deaf, Refuses, TargetBroken};
use super::super::timeline::Step::{Check, End, Fire, Jump, Mood, Pass, Restart, Switch, Sync};
use super::agrees;
use crate::AlertLevel::{Critical, Error, Info, Warning};

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
fn what_a_channel_lost_is_told_once_to_a_target_that_was_away() {
    agrees(
        6150,
        &[
            Mood(3, Refuses),
            Mood(2, Away),
            Fire(2, Warning),
            Pass(10041),
            Fire(3, Warning),
            Check,
        ],
    );
}

#[test]
fn a_digest_that_tells_of_a_channel_too_ends_with_what_can_end() {
    agrees(
        15030,
        &[
            Fire(4, Critical),
            Mood(3, ChannelBroken),
            Fire(2, Error),
            Pass(1190),
            Mood(0, Refuses),
            Pass(1192),
            Fire(4, Error),
            Check,
        ],
    );
}

#[test]
fn what_falls_and_rises_before_it_is_told_may_be_told_besides_an_escalation() {
    agrees(
        3_023_254,
        &[
            Mood(0, Busy),
            Fire(0, Critical),
            Pass(9_272),
            Fire(0, Error),
            Fire(0, Critical),
            Check,
        ],
    );
}

#[test]
fn a_digest_says_what_an_escalation_told_of_its_keys_since() {
    agrees(
        5_002_116,
        &[
            Fire(4, Critical),
            Mood(1, Away),
            Fire(1, Error),
            Pass(495),
            Fire(3, Error),
            Pass(2_960),
            Fire(4, Error),
            End(3),
            Fire(3, Critical),
            Pass(2_448),
            Check,
        ],
    );
}

#[test]
fn what_is_merged_twice_may_be_told_twice() {
    agrees(
        7_115_233,
        &[
            Mood(3, Deaf),
            Fire(3, Critical),
            End(3),
            Restart(1, true),
            Mood(3, TargetBroken),
            Fire(3, Critical),
            Fire(3, Error),
            Fire(3, Critical),
            Check,
        ],
    );
}

#[test]
fn a_clock_set_back_makes_no_digest_open_again() {
    agrees(
        7_112_220,
        &[
            Fire(2, Warning),
            Fire(3, Error),
            Fire(1, Error),
            Check,
            Fire(2, Info),
            Mood(1, ChannelBroken),
            Fire(1, Warning),
            Fire(1, Info),
            Jump(-210),
            End(1),
            Pass(10_729),
            Restart(0, true),
            Check,
        ],
    );
}
