//! Many texts in one allocation.

/// Texts one after the other, each known by its index.
#[derive(Debug, Default)]
pub(super) struct Texts {
    text: String,
    /// Where each text ends.
    ends: Vec<u32>,
}

impl Texts {
    /// Adds a text and gives its index; none where the texts are 4 GiB in all.
    pub(super) fn push(&mut self, text: &str) -> Option<u32> {
        let index = u32::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.text.len() + text.len()).ok()?;
        self.text.push_str(text);
        self.ends.push(end);
        Some(index)
    }

    /// The text of an index.
    pub(super) fn get(&self, index: u64) -> Option<&str> {
        let index = usize::try_from(index).ok()?;
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start as usize..end as usize)
    }

    /// Number of texts.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Memory that they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Gives back what was allocated for more of them.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_their_index() {
        let mut texts = Texts::default();
        for (index, text) in ["", "a", "贵州", ""].into_iter().enumerate() {
            assert_eq!(texts.push(text), u32::try_from(index).ok());
        }
        for (index, expected) in [
            (0, Some("")),
            (1, Some("a")),
            (2, Some("贵州")),
            (3, Some("")),
            (4, None),
        ] {
            assert_eq!(texts.get(index), expected, "{index}");
        }
    }
}
