//! One destination hangs, and a backlog waits for it: senders and the other
//! destination do not notice, memory stays bounded, and after its return all of
//! it drains at full concurrency.
//!
//! `make test` asserts what needs no clock. `make soak` measures beside it, with
//! ten minutes of hanging and a backlog of a hundred thousand records.

mod figures;
mod senders;

use std::time::{Duration, Instant};

use self::{
    figures::{Figures, ratio},
    senders::{Pace, push_all},
};
use crate::harness::{Gateway, Receiver, proven, until, until_within};

/// Attempts at once at each destination.
const CONCURRENCY: usize = 8;

/// How long the one that hung works on a request after its return, so that it
/// has several at once.
const WORK: Duration = Duration::from_millis(5);

/// What a backlog may cost, in bytes of memory, however long it is: some of it
/// is read ahead.
const MEMORY: u64 = 96 << 20;

/// Everything to a destination that is well, and to one that may hang.
fn config(well: &Receiver, stuck: Option<&Receiver>) -> String {
    let to = if stuck.is_some() {
        r#"["well", "stuck"]"#
    } else {
        r#"["well"]"#
    };
    let stuck = stuck.map_or(String::new(), |stuck| {
        format!(
            "[destination.stuck]\nhttp.url = \"{}\"\nhttp.timeout_ms = 2000\nconcurrency = {CONCURRENCY}\nretry.budget_s = 86400\n",
            stuck.url()
        )
    });
    format!(
        "[source.tccc]\npath = \"/tccc\"\ndialect = \"tccc\"\n\
         [[route]]\nname = \"all\"\nfrom = [\"tccc\"]\nto = {to}\n\
         [destination.well]\nhttp.url = \"{}\"\nconcurrency = {CONCURRENCY}\n{stuck}",
        well.url()
    )
}

#[test]
fn a_destination_that_hangs_is_alone_with_it() {
    let (well, stuck) = (Receiver::start(), Receiver::start());
    stuck.hang(true);
    let gateway = Gateway::start(&config(&well, Some(&stuck)));
    let before = gateway.peak_memory();
    push_all(&gateway, 0..1500, Pace::AtOnce);
    gateway.wait_for_count("well", "delivered", 1500);
    assert_eq!(gateway.counted("stuck", "delivered"), 0);
    let cost = gateway.peak_memory() - before;
    assert!(cost < MEMORY, "{cost} bytes of memory");

    stuck.take(WORK);
    stuck.hang(false);
    push_all(&gateway, 1500..1600, Pace::AtOnce);
    gateway.wait_for_count("stuck", "delivered", 1600);
    gateway.wait_for_count("well", "delivered", 1600);
    assert_eq!(stuck.most_at_once(), CONCURRENCY, "it drains at full width");
    assert_eq!(well.got().len(), 1600, "none came twice");
}

/// How many times each is measured, in turn.
const RUNS: usize = 4;

#[test]
#[ignore = "takes minutes: make soak"]
fn hanging_is_measured_against_its_absence() {
    let (mut without, mut with) = (Figures::default(), Figures::default());
    for _ in 0..RUNS {
        without.add(measure(None));
        let stuck = Receiver::start();
        stuck.hang(true);
        with.add(measure(Some(&stuck)));
    }
    let [without, with] = [&without, &with];
    proven(
        "Isolation: a destination hangs, against a gateway without it",
        &format!(
            "{RUNS} runs of each in turn, {} records each at 400 a second: acknowledged within {} (p50) and {} (p99) with it, \
             {} and {} without, ratio of p99 {:.2}; at the other destination after {} (p99) and {}, ratio {:.2}; \
             memory {} and {} MiB at most",
            MEASURED,
            with.acknowledged(0.5),
            with.acknowledged(0.99),
            without.acknowledged(0.5),
            without.acknowledged(0.99),
            ratio(&with.acknowledged, &without.acknowledged),
            with.delivered(0.99),
            without.delivered(0.99),
            ratio(&with.delivered, &without.delivered),
            with.memory >> 20,
            without.memory >> 20,
        ),
    );
}

const BACKLOG: usize = 5000;
const MEASURED: usize = 3000;

/// A gateway with a backlog, where something hangs, and then the same load.
fn measure(stuck: Option<&Receiver>) -> Figures {
    let well = Receiver::start();
    let gateway = Gateway::start(&config(&well, stuck));
    push_all(&gateway, 0..BACKLOG, Pace::AtOnce);
    gateway.wait_for_count("well", "delivered", BACKLOG);
    let pace = Pace::Every(Duration::from_millis(20));
    let sent = push_all(&gateway, BACKLOG..BACKLOG + MEASURED, pace);
    gateway.wait_for_count("well", "delivered", BACKLOG + MEASURED);
    Figures::of(&sent, &well.got(), gateway.peak_memory())
}

const HANGING: Duration = Duration::from_mins(10);
const WAITING: usize = 100_000;

#[test]
#[ignore = "takes a quarter of an hour: make soak"]
fn ten_minutes_of_hanging() {
    let (well, stuck) = (Receiver::start(), Receiver::start());
    stuck.hang(true);
    let gateway = Gateway::start(&config(&well, Some(&stuck)));
    let began = Instant::now();
    let small = gateway.peak_memory();
    push_all(&gateway, 0..WAITING, Pace::AtOnce);
    let took = began.elapsed();
    // A load by which it is seen that all is well, until the time is over.
    let mut pushed = WAITING;
    let mut figures = Figures::default();
    while began.elapsed() < HANGING {
        let next = pushed + 2000;
        let sent = push_all(
            &gateway,
            pushed..next,
            Pace::Every(Duration::from_millis(80)),
        );
        gateway.wait_for_count("well", "delivered", next);
        figures.add(Figures::of(&sent, &well.got(), gateway.peak_memory()));
        pushed = next;
    }
    assert_eq!(gateway.counted("stuck", "delivered"), 0);
    let memory = gateway.peak_memory();

    let tried = stuck.got().len();
    stuck.take(WORK);
    stuck.hang(false);
    let back = Instant::now();
    until("it to be noticed", || {
        (gateway.counted("stuck", "delivered") > 0).then_some(())
    });
    let noticed = back.elapsed();
    let meanwhile = push_all(
        &gateway,
        pushed..pushed + 1000,
        Pace::Every(Duration::from_millis(80)),
    );
    let all = pushed + 1000;
    until_within(Duration::from_mins(15), "the backlog to drain", || {
        (gateway.counted("stuck", "delivered") == all).then_some(())
    });
    let drained = back.elapsed();
    gateway.wait_for_count("well", "delivered", all);
    let meanwhile = Figures::of(&meanwhile, &well.got(), gateway.peak_memory());
    assert_eq!(stuck.most_at_once(), CONCURRENCY, "it drains at full width");
    proven(
        "Isolation: a destination hangs for ten minutes with 100,000 records waiting",
        &format!(
            "100,000 taken in {:.0} s; while it hung, acknowledged within {} (p99), at the other destination after {} (p99), \
             {tried} requests to the one that hung; memory from {} to {} MiB; noticed {:.1} s after its return; {all} drained in {:.0} s, \
             {CONCURRENCY} at once; while it drained, acknowledged within {} (p99), at the other after {} (p99)",
            took.as_secs_f64(),
            figures.acknowledged(0.99),
            figures.delivered(0.99),
            small >> 20,
            memory >> 20,
            noticed.as_secs_f64(),
            drained.as_secs_f64(),
            meanwhile.acknowledged(0.99),
            meanwhile.delivered(0.99),
        ),
    );
}
