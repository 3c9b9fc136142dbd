//! Finds the deliveries that a replay means, a few positions at a time.

#[cfg(doc)]
use crate::journal::Portion;
use crate::{
    journal::{JournalError, JournalReader, Meant, Standing, State},
    record::{Document, Seq},
    route::when::{View, When, WhenError},
};

/// A replay's selection, ready to be held against deliveries.
pub struct Chooser {
    meant: Meant,
    when: Option<When>,
}

/// What was found beyond a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The deliveries that are meant, in order, with their states; within
    /// [`Portion::MAX_SPAN`] positions.
    pub chosen: Vec<(Seq, State)>,
    /// Deliveries for which the expression has no answer: they are not meant.
    pub unclear: u64,
    /// Everything up to here was looked at.
    pub through: Seq,
}

impl Chooser {
    /// Compiles the expression.
    ///
    /// # Errors
    /// Where it is none.
    pub fn new(meant: Meant) -> Result<Self, WhenError> {
        let when = meant.when.as_deref().map(When::compile).transpose()?;
        Ok(Self { meant, when })
    }

    /// The next deliveries of a destination after a position: at most `limit`.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn next(
        &self,
        journal: &dyn JournalReader,
        destination: &str,
        after: Seq,
        limit: usize,
    ) -> Result<Choice, JournalError> {
        let last = self.meant.last;
        let (standing, through) = journal
            .standing(destination, &self.meant.states, after, last)
            .await?;
        let mut choice = Choice {
            chosen: Vec::new(),
            unclear: 0,
            through,
        };
        for Standing { seq, state, .. } in standing {
            if choice.chosen.len() == limit {
                choice.through = Seq(seq.0 - 1);
                break;
            }
            match self.holds(journal, seq).await? {
                Some(true) => choice.chosen.push((seq, state)),
                Some(false) => {}
                None => choice.unclear += 1,
            }
        }
        Ok(choice)
    }

    /// Whether the expression holds for an arrival; none where it has no answer.
    async fn holds(
        &self,
        journal: &dyn JournalReader,
        seq: Seq,
    ) -> Result<Option<bool>, JournalError> {
        let Some(when) = &self.when else {
            return Ok(Some(true));
        };
        let Some(arrival) = journal.get(seq).await? else {
            return Ok(Some(false));
        };
        let Ok(cdr) = Document::parse(arrival.record().clone()) else {
            return Ok(None);
        };
        let view = View {
            kind: arrival.kind,
            source: &arrival.source,
            tags: &arrival.tags,
            cdr: &cdr,
        };
        Ok(when.matches(&view).ok())
    }
}
