//! Who is served when.

use metrics::Histogram;

use super::{
    super::budget::{Share, Usage},
    *,
};

const MS: Duration = Duration::from_millis(1);

fn lane(name: &str) -> Arc<str> {
    name.into()
}

fn filled(jobs: &[(&str, &[&'static str])]) -> State<&'static str> {
    let mut state = FairQueue::new().state.into_inner().expect("a state");
    for (name, jobs) in jobs {
        for job in *jobs {
            push(&mut state, name, None, job);
        }
    }
    state
}

fn push(
    state: &mut State<&'static str>,
    name: &str,
    budget: Option<&Arc<Budget>>,
    job: &'static str,
) {
    let waiting = Waiting {
        job,
        budget: budget.cloned(),
        held_since: None,
    };
    state.push(&lane(name), waiting);
}

/// One worker that takes jobs until there are none, each of which takes so long.
fn work(state: &mut State<&'static str>, cost: impl Fn(&str) -> Duration) -> Vec<&'static str> {
    let mut now = Instant::now();
    let mut order = Vec::new();
    while let Some(served) = state.serve(now) {
        now += cost(served.job);
        state.settle(&served.bill, now);
        order.push(served.job);
    }
    order
}

#[test]
fn lanes_take_turns() {
    let mut state = filled(&[("slow", &["s1", "s2", "s3"]), ("fast", &["f1"])]);
    assert_eq!(work(&mut state, |_| MS), ["f1", "s1", "s2", "s3"]);
}

#[test]
fn a_lane_whose_jobs_are_long_gets_no_more_time_than_another() {
    let fast = ["f"; 30];
    let mut state = filled(&[("a slow one", &["s", "s", "s"]), ("fast", &fast)]);
    let cost = |job: &str| if job == "s" { MS * 10 } else { MS };
    let order = work(&mut state, cost).concat();
    // They take turns by time: ten short jobs for a long one.
    assert_eq!(order, "sffffffffff".repeat(3));
}

#[test]
fn what_is_under_way_counts_for_several_workers() {
    let mut state = filled(&[("a slow one", &["s1", "s2", "s3"]), ("fast", &["f1", "f2"])]);
    let now = Instant::now();
    let first = state.serve(now).expect("a job");
    state.settle(&first.bill, now + MS * 10);
    let then = now + MS * 10;
    // Two workers at once: neither goes on with the slow lane.
    let next = [state.serve(then), state.serve(then)];
    let jobs = next.map(|served| served.expect("a job").job);
    assert_eq!((first.job, jobs), ("s1", ["f1", "f2"]));
}

#[test]
fn to_have_been_away_earns_nothing() {
    let mut state = filled(&[("busy", &["b"; 20])]);
    work(&mut state, |_| MS);
    for job in ["b1", "b2", "b3"] {
        push(&mut state, "busy", None, job);
    }
    for job in ["n1", "n2", "n3"] {
        push(&mut state, "new", None, job);
    }
    let order = work(&mut state, |_| MS);
    assert!(order[..3].contains(&"b1"), "{order:?}");
}

#[test]
fn a_plugin_over_its_budget_holds_up_nobody_else() {
    let share = Share {
        workers: 2,
        percent: 50,
    };
    let budget = Arc::new(Budget::new(share, Usage::default(), Histogram::noop()));
    let mut state = filled(&[("fast", &["f1", "f2"])]);
    for job in ["s1", "s2"] {
        push(&mut state, "a slow one", Some(&budget), job);
    }
    let now = Instant::now();
    let slow = state.serve(now).expect("a job");
    assert_eq!(slow.job, "s1");
    let others: Vec<_> = std::iter::from_fn(|| state.serve(now)).collect();
    let jobs: Vec<_> = others.iter().map(|served| served.job).collect();
    assert_eq!(jobs, ["f1", "f2"], "not s2");
    drop(slow);
    assert_eq!(state.serve(now).map(|served| served.job), Some("s2"));
}

#[test]
fn lanes_that_are_done_are_forgotten() {
    let mut state = filled(&[("one", &["1"]), ("two", &["2", "2", "2"])]);
    work(&mut state, |_| MS);
    push(&mut state, "three", None, "3");
    let known: Vec<_> = state.lanes.keys().map(|name| &**name).collect();
    assert_eq!(known, ["three", "two"], "two is ahead of the others yet");
}

#[test]
fn a_closed_queue_gives_what_it_holds_and_then_nothing() {
    let queue = FairQueue::new();
    queue.push(&lane("one"), None, 1);
    queue.close();
    let served = queue.pop(None).expect("a job");
    assert_eq!(served.job, 1);
    assert!(queue.pop(Some(served.bill)).is_none());
}

/// How often a thread was put to sleep so far; `thread` as `/proc` names it.
#[cfg(target_os = "linux")]
fn sleeps(thread: &std::path::Path) -> u64 {
    let status = std::path::Path::new("/proc").join(thread).join("status");
    let status = std::fs::read_to_string(status).expect("a thread");
    let mut lines = status.lines();
    let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    count.expect("a count").trim().parse().expect("a number")
}

#[test]
#[cfg(target_os = "linux")]
fn one_idle_worker_watches_for_all() {
    const WORKERS: usize = 8;
    let share = Share {
        workers: 1,
        percent: 100,
    };
    let budget = Arc::new(Budget::new(share, Usage::default(), Histogram::noop()));
    let queue = FairQueue::new();
    let slot = budget.take(Instant::now());
    queue.push(&lane("slow"), Some(budget.clone()), 1);
    let served = std::thread::scope(|scope| {
        let (tell, told) = std::sync::mpsc::channel();
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                let (tell, queue) = (tell.clone(), &queue);
                scope.spawn(move || {
                    let thread = std::fs::read_link("/proc/thread-self").expect("a thread");
                    tell.send(thread).expect("someone waits");
                    std::iter::from_fn(|| queue.pop(None)).count()
                })
            })
            .collect();
        let threads: Vec<_> = told.iter().take(WORKERS).collect();
        let all = || threads.iter().map(|thread| sleeps(thread)).sum::<u64>();
        // Nothing more comes: it waits for so long.
        let wait = |time| told.recv_timeout(time).expect_err("all have told");
        wait(MS * 20);
        let (before, began) = (all(), Instant::now());
        wait(LOOK_AGAIN * 100);
        let looks = u128::from(all() - before);
        let for_one = began.elapsed().as_nanos() / LOOK_AGAIN.as_nanos();
        // What is free again is found, and nobody is left waiting.
        drop(slot);
        queue.close();
        let served: usize = workers
            .into_iter()
            .map(|one| one.join().expect("done"))
            .sum();
        assert!(looks <= for_one * 2, "{looks} looks, {for_one} for one");
        served
    });
    assert_eq!(served, 1);
}
