//! A gauge that is set when it changes, and not each time round.

/// What a gauge of a destination shows. It begins with nothing to show.
#[derive(Debug)]
pub(super) struct Shown {
    gauge: &'static str,
    value: usize,
}

impl Shown {
    pub(super) fn new(gauge: &'static str) -> Self {
        Self { gauge, value: 0 }
    }

    pub(super) fn show(&mut self, destination: &str, value: usize) {
        if std::mem::replace(&mut self.value, value) == value {
            return;
        }
        metrics::gauge!(self.gauge, "destination" => destination.to_owned())
            .set(u32::try_from(value).unwrap_or(u32::MAX));
    }
}
