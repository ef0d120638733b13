//! Two replicas that share a Redis.

use super::super::timeline::About::{All, Key, Mild};
use super::super::timeline::Mood::{Away, Busy, ChannelBroken, Deaf, Mute, Refuses, TargetBroken};
use super::super::timeline::Step::{Check, End, Fire, Mood, Pass, Restart, Silence, Switch, Sync};
use super::{agrees, replicas_agree};
use crate::AlertLevel::{Critical, Error, Info, Warning};

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

#[test]
fn what_was_told_by_an_escalation_is_quiet_as_long_as_anything() {
    replicas_agree(
        184,
        &[
            Pass(2473),
            Check,
            Pass(530),
            Pass(446),
            Fire(2, Critical),
            Pass(1607),
            Fire(2, Critical),
            Pass(258),
        ],
    );
}

#[test]
fn an_end_that_comes_late_from_one_replica_is_not_told_again() {
    replicas_agree(
        2129,
        &[
            Fire(4, Critical),
            Fire(2, Warning),
            Pass(680),
            Sync(74),
            Pass(477),
            Mood(0, Away),
            Fire(0, Info),
            Pass(3508),
            Pass(10663),
            Pass(9),
            Pass(304),
            Pass(7545),
            Check,
        ],
    );
}

#[test]
fn what_fell_meanwhile_is_not_said_as_it_was_by_the_other_replica() {
    replicas_agree(
        4088,
        &[
            Fire(1, Info),
            Pass(9922),
            Mood(0, Mute),
            Fire(4, Info),
            End(1),
            Fire(1, Critical),
            Pass(191),
            End(4),
            Pass(39),
            Fire(0, Error),
            Fire(0, Warning),
            Fire(3, Critical),
            Pass(648),
            Check,
        ],
    );
}

#[test]
fn an_end_to_one_of_several_targets_is_not_told_again_late() {
    replicas_agree(
        6161,
        &[
            Silence(Mild, 0, 9),
            Mood(1, ChannelBroken),
            Fire(0, Warning),
            Fire(4, Error),
            Fire(2, Critical),
            Pass(2875),
        ],
    );
}

#[test]
fn what_ended_meanwhile_does_not_begin_again_for_the_other_replica() {
    replicas_agree(
        8056,
        &[
            Mood(2, ChannelBroken),
            Sync(49),
            Fire(0, Error),
            Pass(2242),
            Pass(1237),
            Pass(60),
            Fire(4, Error),
            Pass(57),
            End(0),
            Pass(38),
            Check,
        ],
    );
}

#[test]
fn a_digest_that_may_have_arrived_ends_with_each_replica() {
    replicas_agree(
        10037,
        &[
            Check,
            Check,
            Fire(3, Error),
            Mood(0, Deaf),
            Pass(8043),
            End(3),
            Check,
        ],
    );
}

#[test]
fn the_quiet_after_an_escalation_outlives_a_restart() {
    replicas_agree(
        184,
        &[
            Fire(2, Critical),
            Pass(1607),
            Restart(1, true),
            Fire(2, Critical),
            Pass(258),
        ],
    );
}

#[test]
fn a_fall_that_rises_before_it_is_told_is_still_a_fall() {
    for rules in [8090, 50012] {
        replicas_agree(
            rules,
            &[Fire(2, Critical), Fire(2, Warning), Fire(2, Error), Check],
        );
        agrees(
            rules,
            &[
                Fire(2, Critical),
                Fire(2, Warning),
                Restart(0, true),
                Fire(2, Error),
                Check,
            ],
        );
        replicas_agree(
            rules,
            &[
                Mood(2, ChannelBroken),
                Sync(49),
                Sync(150),
                Sync(166),
                Check,
            ],
        );
    }
}

#[test]
fn a_digest_is_over_for_all_targets_of_its_channel() {
    replicas_agree(
        40017,
        &[
            Fire(3, Error),
            Sync(90),
            Pass(1),
            Fire(4, Error),
            Pass(1892),
        ],
    );
    replicas_agree(
        6171,
        &[
            Mood(1, ChannelBroken),
            Fire(3, Error),
            Sync(194),
            Pass(137),
            Fire(4, Error),
            Pass(10041),
        ],
    );
    replicas_agree(
        30105,
        &[
            Fire(1, Warning),
            Fire(2, Critical),
            End(2),
            Mood(1, TargetBroken),
            Pass(6408),
            Fire(4, Warning),
            Pass(1315),
            Fire(0, Warning),
            Pass(1),
            End(0),
            End(1),
            Pass(1164),
        ],
    );
}

#[test]
fn what_was_over_before_it_was_told_here_has_no_end_either() {
    replicas_agree(
        10112,
        &[
            Fire(1, Critical),
            Pass(4086),
            End(1),
            Fire(4, Warning),
            Fire(1, Warning),
            Mood(1, ChannelBroken),
            Mood(2, Away),
            Pass(2),
            End(1),
            Check,
        ],
    );
}

#[test]
fn a_step_of_an_escalation_is_not_followed_by_something_milder_that_waited() {
    replicas_agree(
        191,
        &[
            Mood(2, Busy),
            Fire(2, Critical),
            Pass(1607),
            Fire(2, Error),
            Fire(2, Critical),
            Pass(8059),
            Check,
        ],
    );
}

#[test]
fn whoever_heard_by_an_escalation_late_hears_of_the_end_from_some_replica() {
    replicas_agree(
        40021,
        &[
            Fire(1, Critical),
            Check,
            Mood(2, Busy),
            End(1),
            Fire(1, Critical),
            Pass(1892),
            End(1),
            Check,
        ],
    );
}

#[test]
fn an_end_that_is_known_from_the_list_alone_is_told_by_one_replica() {
    replicas_agree(
        50090,
        &[
            Fire(2, Info),
            Pass(9),
            Fire(2, Error),
            Mood(3, Mute),
            Fire(3, Warning),
            Pass(547),
            Fire(2, Warning),
            Sync(4),
            Check,
            Mood(3, Away),
            Switch(2, false),
            Fire(3, Critical),
            End(3),
            Restart(1, true),
            Fire(3, Critical),
            Check,
        ],
    );
}

#[test]
fn what_is_repeated_after_another_replica_ended_it_ends_again() {
    replicas_agree(
        90020,
        &[
            Fire(1, Error),
            Pass(4527),
            Mood(0, Mute),
            Fire(0, Error),
            End(0),
            Fire(1, Critical),
            Fire(2, Info),
            Fire(0, Info),
            Check,
        ],
    );
}

#[test]
fn what_a_replica_does_not_know_any_more_to_have_been_told_elsewhere() {
    replicas_agree(
        40043,
        &[
            Silence(All, 14, 41),
            Pass(1892),
            Fire(3, Warning),
            Check,
            Restart(1, false),
            Fire(1, Info),
            End(3),
            Check,
            Check,
            Restart(0, false),
            Check,
        ],
    );
}

#[test]
fn what_fires_again_in_a_silence_before_its_end_was_told_is_told_to_be_over() {
    replicas_agree(
        620_047,
        &[
            Mood(0, Away),
            Fire(4, Info),
            Silence(All, 0, 36),
            End(4),
            Fire(4, Info),
            Check,
        ],
    );
    replicas_agree(
        600_056,
        &[
            Mood(0, TargetBroken),
            Fire(4, Warning),
            Pass(49),
            Silence(Key(4), 27, 79),
            Pass(1792),
            Fire(4, Warning),
            Check,
        ],
    );
}

#[test]
fn a_watcher_that_says_it_is_milder_does_not_confirm_that_it_was_worse() {
    let steps = [Sync(56), Pass(1_000), Sync(136), Check];
    agrees(780_005, &steps);
    replicas_agree(780_005, &steps);
}

#[test]
fn an_end_of_a_digest_that_waits_is_that_of_the_next_digest_too() {
    replicas_agree(
        1_002_054,
        &[
            Fire(2, Error),
            Sync(0),
            Pass(468),
            Fire(1, Warning),
            Sync(69),
            Mood(0, TargetBroken),
            Pass(10),
            End(2),
            Check,
        ],
    );
}

#[test]
fn an_end_that_is_repeated_is_read_again() {
    replicas_agree(
        1_014_130,
        &[
            Sync(200),
            Mood(2, Mute),
            Fire(4, Info),
            Fire(2, Warning),
            Restart(1, true),
            Pass(2),
            Sync(142),
            End(2),
            Mood(3, ChannelBroken),
            Pass(288),
            Check,
        ],
    );
}

#[test]
fn what_was_told_before_an_end_that_may_have_arrived_does_not_stand_for_what_begins_again() {
    replicas_agree(
        2_015_204,
        &[
            Fire(1, Error),
            Mood(0, ChannelBroken),
            Fire(4, Error),
            Fire(1, Critical),
            Mood(2, Mute),
            Mood(3, Away),
            Fire(0, Critical),
            Mood(3, Mute),
            End(1),
            Pass(17),
            Fire(1, Critical),
            Check,
        ],
    );
}
