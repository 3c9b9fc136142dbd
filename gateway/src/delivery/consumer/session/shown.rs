//! A gauge that is set when it changes, and not each time round.

/// What a gauge of a destination shows. Not known at first, so that the first value
/// takes the place of whatever a session before left there.
#[derive(Debug)]
pub(super) struct Shown {
    gauge: &'static str,
    value: Option<usize>,
}

impl Shown {
    pub(super) fn new(gauge: &'static str) -> Self {
        Self { gauge, value: None }
    }

    pub(super) fn show(&mut self, destination: &str, value: usize) {
        if self.value.replace(value) == Some(value) {
            return;
        }
        metrics::gauge!(self.gauge, "destination" => destination.to_owned())
            .set(u32::try_from(value).unwrap_or(u32::MAX));
    }
}
