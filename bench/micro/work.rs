//! A work: something that is done many times.

/// What is done once, and made ready before.
pub type Doing = Box<dyn FnMut()>;

/// A work.
#[derive(Clone, Copy)]
pub struct Work {
    /// Its name: what, and on what.
    pub name: &'static str,
    /// Makes it ready.
    pub ready: fn() -> Doing,
    /// How often Callgrind sees it done: it is fifty times slower. Never where that
    /// is too slow to get ready for.
    pub counted: u64,
    /// Whether other threads do a part of it.
    pub is_shared: bool,
}

impl Work {
    /// A work of the thread that asks for it.
    pub const fn new(name: &'static str, ready: fn() -> Doing) -> Self {
        Self {
            name,
            ready,
            counted: 100,
            is_shared: false,
        }
    }

    /// The same, which other threads take part in.
    pub const fn shared(self) -> Self {
        Self {
            is_shared: true,
            ..self
        }
    }

    /// The same, seen more or less often.
    pub const fn counted(self, counted: u64) -> Self {
        Self { counted, ..self }
    }

    /// The same, only timed.
    pub const fn timed(self) -> Self {
        self.counted(0)
    }

    /// Makes it ready and does it, after what is done only at first.
    pub fn run(&self, times: u64) {
        let mut doing = (self.ready)();
        doing();
        doing();
        micro_measured(&mut *doing, times);
    }

    /// How much counts stray by themselves: seeds of hash tables, and where threads
    /// meet, how.
    pub fn tolerance_percent(&self) -> f64 {
        if self.is_shared { 10.0 } else { 2.0 }
    }
}

/// What Callgrind counts, by its name.
#[inline(never)]
fn micro_measured(doing: &mut dyn FnMut(), times: u64) {
    for _ in 0..times {
        doing();
    }
}
