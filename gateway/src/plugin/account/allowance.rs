//! How much a plugin may log: so many lines a second, over all of its instances.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What is left of a second's lines.
#[derive(Debug, Default)]
pub struct Allowance(Mutex<Second>);

#[derive(Debug, Default)]
struct Second {
    began: Option<Instant>,
    lines: u32,
}

impl Allowance {
    /// Whether one more line may be written, of so many a second.
    pub fn allows(&self, now: Instant, per_second: u32) -> bool {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |began: Instant| now.saturating_duration_since(began) >= SECOND;
        if second.began.is_none_or(is_over) {
            *second = Second {
                began: Some(now),
                lines: 0,
            };
        }
        second.lines = second.lines.saturating_add(1);
        second.lines <= per_second
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_lines() {
        let allowance = Allowance::default();
        let start = Instant::now();
        for seconds in 0..3 {
            let now = start + SECOND * seconds;
            let allowed = (0..10).filter(|_| allowance.allows(now, 4));
            assert_eq!(allowed.count(), 4);
        }
        assert!(!allowance.allows(start + SECOND * 9, 0));
    }
}
