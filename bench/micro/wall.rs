//! Time of a work.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use crate::work::Work;

/// Samples of which the median and the least are told.
const SAMPLES: usize = 15;

/// How long a sample takes at least.
const SAMPLE: Duration = Duration::from_millis(20);

/// Measures a work and tells of it.
pub fn measure(work: &Work) {
    let mut doing = (work.ready)();
    let mut times = 1_u32;
    // Doubled until a sample is long enough; that warms up, too.
    while sample(&mut *doing, times) < SAMPLE {
        times *= 2;
    }
    let mut taken: Vec<_> = (0..SAMPLES)
        .map(|_| sample(&mut *doing, times) / times)
        .collect();
    taken.sort_unstable();
    let (least, median) = (taken[0], taken[SAMPLES / 2]);
    println!("{:<28} {median:>12.3?}   (least {least:.3?})", work.name);
}

fn sample(doing: &mut dyn FnMut(), times: u32) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        black_box(&mut *doing)();
    }
    started.elapsed()
}
