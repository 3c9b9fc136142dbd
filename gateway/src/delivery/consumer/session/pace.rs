//! The pace: how much goes out at once, and the recall of what waits for its turn.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::shown::Shown;
use crate::{
    config::model::{Concurrency, Rate},
    delivery::policy::Policy,
};

/// The policy of a destination, and what calls back those that wait under it.
///
/// What was called back has sent nothing. It is made anew, and waits under the
/// policy and the recall of then.
#[derive(Debug)]
pub(super) struct Pace {
    policy: Arc<Policy>,
    /// A new one each time.
    recall: CancellationToken,
    shown: Shown,
}

impl Pace {
    pub(super) fn new(concurrency: Concurrency, rate: Option<Rate>) -> Self {
        Self {
            policy: Arc::new(Policy::new(concurrency, rate)),
            recall: CancellationToken::new(),
            shown: Shown::new("cdr_gateway_concurrency_limit"),
        }
    }

    /// Attempts at once, as of now.
    pub(super) fn limit(&self) -> usize {
        self.policy.limit()
    }

    /// What a task waits under that is started now.
    pub(super) fn terms(&self) -> (Arc<Policy>, CancellationToken) {
        (self.policy.clone(), self.recall.clone())
    }

    /// Goes on under other settings, with what was learnt of the receiver. What
    /// waits is called back.
    pub(super) fn change_to(&mut self, concurrency: Concurrency, rate: Option<Rate>) {
        self.policy = Arc::new(self.policy.changed_to(concurrency, rate));
        self.call_back();
    }

    /// Calls back what waits for a slot or a token.
    pub(super) fn call_back(&mut self) {
        std::mem::take(&mut self.recall).cancel();
    }

    pub(super) fn show(&mut self, destination: &str) {
        self.shown.show(destination, self.policy.limit());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_called_back_and_what_comes_later_is_not() {
        let mut pace = Pace::new(Concurrency::Fixed(2), None);
        for (limit, change) in [(2, false), (5, true)] {
            let (_, before) = pace.terms();
            if change {
                pace.change_to(Concurrency::Fixed(limit), None);
            } else {
                pace.call_back();
            }
            let (policy, after) = pace.terms();
            assert!(before.is_cancelled() && !after.is_cancelled(), "{limit}");
            assert_eq!((pace.limit(), policy.limit()), (limit, limit));
        }
    }
}
