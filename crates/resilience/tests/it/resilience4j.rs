//! What users of Resilience4j rely on, as a table: calls in, state and metrics out.

use std::time::Duration;

use payonce_resilience::backoff::Schedule;
use payonce_resilience::breaker::State::{self, Closed, HalfOpen, Open};
use payonce_resilience::breaker::{Counts, Outcome, Settings, Span};

use crate::world::{World, count, percent, small};

/// State; calls, failed and slow in the window; calls not permitted; failure rate if judged.
type Expected = (State, [u32; 3], u64, Option<f64>);

#[track_caller]
fn check(rule: &str, settings: Settings, script: &str, expected: Expected) {
    let mut world = World::after(settings, script);
    let metrics = world.metrics();
    let Counts { calls, failed, slow, .. } = metrics.counts;
    let seen =
        (metrics.state, [calls, failed, slow], metrics.totals.not_permitted, metrics.failure_rate);
    assert_eq!(seen, expected, "{rule}: {script}");
}

#[test]
fn a_count_window_behaves_like_theirs() {
    #[rustfmt::skip]
    let table: [(&str, &str, Expected); 20] = [
        ("nothing has been called",              "",            (Closed,   [0, 0, 0], 0, None)),
        ("below the minimum nothing is judged",  "FFFF",        (Closed,   [4, 4, 0], 0, None)),
        ("the call that fills it opens it",      "FFFFF",       (Open,     [5, 5, 0], 0, Some(100.0))),
        ("a success can be that call",           "FFFSS",       (Open,     [5, 3, 0], 0, Some(60.0))),
        ("below the limit it stays",             "FFSSS",       (Closed,   [5, 2, 0], 0, Some(40.0))),
        ("it slides",                            "FFSSSSSS",    (Closed,   [5, 0, 0], 0, Some(0.0))),
        ("old successes are forgotten",          "SSSSSFFF",    (Open,     [5, 3, 0], 0, Some(60.0))),
        ("slow successes open it",               "sssSS",       (Open,     [5, 0, 3], 0, Some(0.0))),
        ("a slow failure is slow and failed",    "ffSSS",       (Closed,   [5, 2, 2], 0, Some(40.0))),
        ("what is ignored is not counted",       "FFFFIIII",    (Closed,   [4, 4, 0], 0, None)),
        ("what is cancelled is not counted",     "FFFFCCCC",    (Closed,   [4, 4, 0], 0, None)),
        ("open refuses",                         "FFFFFSSS",    (Open,     [5, 5, 0], 3, Some(100.0))),
        ("time alone does not half-open",        "FFFFF|",      (Open,     [5, 5, 0], 0, Some(100.0))),
        ("the next call after the wait does",    "FFFFF|S",     (HalfOpen, [1, 0, 0], 0, None)),
        ("one failed probe is no verdict",       "FFFFF|FFF",   (HalfOpen, [3, 3, 0], 0, None)),
        ("half the probes failed",               "FFFFF|SSFF",  (Open,     [4, 2, 0], 0, Some(50.0))),
        ("fewer failed: closed and empty",       "FFFFF|SSSF",  (Closed,   [0, 0, 0], 0, None)),
        ("half the probes were slow",            "FFFFF|ssSS",  (Open,     [4, 0, 2], 0, Some(0.0))),
        ("an ignored probe gives its place back","FFFFF|IIIIIISSSS", (Closed, [0, 0, 0], 0, None)),
        ("so does a cancelled one",              "FFFFF|CCCCCCFFFF", (Open,   [4, 4, 0], 0, Some(100.0))),
    ];
    for (rule, script, expected) in table {
        check(rule, small(), script, expected);
    }
}

#[test]
fn a_time_window_behaves_like_theirs() {
    let settings = Settings { span: Span::LastSeconds(count(60)), ..small() };
    #[rustfmt::skip]
    let table: [(&str, &str, Expected); 5] = [
        ("it has a minimum and no maximum", "SSSSSSSSSS",   (Closed, [10, 0, 0], 0, Some(0.0))),
        ("the rate is over all of it",      "SSSSSSSFFFFF", (Closed, [12, 5, 0], 0, Some(500.0 / 12.0))),
        ("it opens at the limit",           "SSSSSFFFFF",   (Open,   [10, 5, 0], 0, Some(50.0))),
        ("what is a minute old is gone",    "FFFF|FFFF",    (Closed, [4, 4, 0],  0, None)),
        ("probes are counted, not timed",   "FFFFF|SSSS",   (Closed, [0, 0, 0],  0, None)),
    ];
    for (rule, script, expected) in table {
        check(rule, settings, script, expected);
    }
}

#[test]
fn the_defaults_are_theirs() {
    let settings = Settings::default();
    assert_eq!(settings.failure_rate, percent(50.0));
    assert_eq!(settings.slow_rate, percent(100.0));
    assert_eq!(settings.slow_after, Duration::from_mins(1));
    assert_eq!(settings.span, Span::LastCalls(count(100)));
    assert_eq!(settings.minimum_calls, count(100));
    assert_eq!(settings.probes, count(10));
    assert_eq!(settings.open_wait, Schedule::fixed(Duration::from_mins(1)));
}

#[test]
fn exactly_at_the_slow_limit_a_call_is_not_slow() {
    let mut world = World::new(small());
    let limit = small().slow_after;
    world.call(Outcome::Success, limit);
    assert_eq!(world.metrics().counts.slow, 0);
    world.call(Outcome::Success, limit + Duration::from_nanos(1));
    assert_eq!(world.metrics().counts.slow, 1);
}
