//! The fields of Tencent Cloud Contact Center (TCCC), by name.
//!
//! Each kind of record is a view: [`Call`], [`Recording`], [`Voicemail`],
//! [`OnlineSession`]. A field of a view is a [`Place`](crate::Place) that is
//! read with `get` and written with `set`; a nested object is a view again, an
//! array of objects an [`Each`](crate::Each).
//!
//! ```
//! # use cdr_plugin_sdk::{Direction, mock};
//! # let record = mock::Record::call(
//! #     r#"{"Direction":1,"Callee":"0086","SeatUser":{"Name":"Li"},"ServeParticipants":[{"Phone":"8021"}]}"#,
//! # );
//! # let cdr = record.cdr();
//! let call = cdr.tccc().call();
//! if call.direction().get()? == Some(Direction::Outbound) {
//!     call.callee().set("masked")?;
//! }
//! let agent = call.seat_user().name().filled()?;
//! for participant in call.serve_participants().all()? {
//!     participant.phone().remove();
//! }
//! # assert_eq!(agent.as_deref(), Some("Li"));
//! # Ok::<(), cdr_plugin_sdk::Fault>(())
//! ```
//!
//! What the sender really sends is wider than its tables: arrays may be `null`,
//! timestamps 0 and texts empty where there is nothing; enumerations gain
//! members; fields may be missing altogether. Hence every `get` gives an
//! `Option`, and enumerations that may grow are texts.

mod call;
mod online;
mod parts;
mod recording;
mod view;

pub use self::{
    call::Call,
    online::{OnlineSession, Satisfaction},
    parts::{KeyPress, Participant, SeatUser, TelLocation},
    recording::{Recording, Voicemail},
};

use crate::{Cdr, Located};

/// The views of a record, see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Tccc<'a>(Cdr<'a>);

impl<'a> Tccc<'a> {
    pub(crate) fn new(cdr: Cdr<'a>) -> Self {
        Self(cdr)
    }

    /// The record as a phone session, for the kind `cdr`.
    pub fn call(self) -> Call<'a> {
        self.root()
    }

    /// The record as the notice of a recording, for the kind `record`.
    pub fn recording(self) -> Recording<'a> {
        self.root()
    }

    /// The record as the notice of a voicemail, for the kind `voicemail`.
    pub fn voicemail(self) -> Voicemail<'a> {
        self.root()
    }

    /// The record as an online (IM) session, for the kind `imcdr`.
    pub fn online_session(self) -> OnlineSession<'a> {
        self.root()
    }

    fn root<V: Located<'a>>(self) -> V {
        V::at(self.0, "".into())
    }
}

#[cfg(test)]
mod tests;
