//! Reasons as labels of metrics.

use std::collections::HashSet;

use crate::journal::Reason;

/// How many reasons of one destination become labels. Those of the gateway's own
/// are some thirty; plugins make up theirs.
const MAX: usize = 64;

/// The label of all further reasons.
const OTHER: &str = "other";

/// The reasons of a destination that are labels by now.
#[derive(Debug, Default)]
pub struct Reasons(HashSet<Reason>);

impl Reasons {
    /// The label of a reason.
    pub(super) fn label(&mut self, reason: &Reason) -> String {
        if !self.0.contains(reason) {
            if self.0.len() >= MAX {
                return OTHER.to_owned();
            }
            self.0.insert(reason.clone());
        }
        reason.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_reasons_share_one_label() {
        let mut reasons = Reasons::default();
        for number in 0..MAX {
            let reason = format!("r{number}");
            assert_eq!(reasons.label(&reason.clone().into()), reason);
        }
        assert_eq!(reasons.label(&"more".into()), OTHER);
        assert_eq!(reasons.label(&"r0".into()), "r0");
    }
}
