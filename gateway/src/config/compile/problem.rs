//! Problems of compiling, at the place in the file that they are about.

use crate::config::{
    Loaded,
    diagnostic::{Code, Diagnostic, Diagnostics},
};

/// What was found so far.
pub(super) struct Problems<'a> {
    loaded: &'a Loaded,
    found: Diagnostics,
}

impl<'a> Problems<'a> {
    pub(super) fn new(loaded: &'a Loaded) -> Self {
        Self {
            loaded,
            found: Diagnostics::default(),
        }
    }

    /// Adds a problem with the value at a path of keys, or with the nearest
    /// value around it that the files have.
    pub(super) fn add(&mut self, path: &[&str], code: Code, message: String, remedy: &str) {
        let mut location = self.loaded.sources.nearest(path);
        if code == Code::LiteralSecret {
            location.excerpt = None;
        }
        let key = path.join(".");
        self.found
            .push(Diagnostic::error(code, location, key, message, remedy));
    }

    pub(super) fn finish(self) -> Result<(), Diagnostics> {
        if self.found.has_errors() {
            Err(self.found)
        } else {
            Ok(())
        }
    }
}
