//! Upper bounds of times in the configuration, so that a slip of a unit is
//! noticed instead of being waited for.

/// One day, in milliseconds.
pub(super) const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// One day, in seconds.
pub(super) const DAY_S: u64 = 24 * 60 * 60;
/// Thirty days, in seconds.
pub(super) const MONTH_S: u64 = 30 * DAY_S;
/// Ten years, in seconds.
pub(super) const TEN_YEARS_S: u64 = 3652 * DAY_S;
