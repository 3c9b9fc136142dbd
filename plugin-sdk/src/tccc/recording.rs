//! Notices of recordings: the pushes with `action=record` and
//! `action=voicemail`.

use super::view::view;
use crate::{Integer, Moment, Place, Text};

view! {
    /// A recording is ready; one push for each side of a call.
    pub struct Recording {
        /// The contact centre instance.
        sdk_app_id: Place<'a, Integer> = "SdkAppId",
        /// The recording, as the session names it.
        record_id: Place<'a, Text> = "RecordId",
        /// The session that was recorded.
        session_id: Place<'a, Text> = "SessionId",
        /// When the recording was made.
        timestamp: Place<'a, Moment> = "Timestamp",
        /// Whose side: the user's number or the agent's mail address.
        endpoint_user: Place<'a, Text> = "EndpointUser",
        /// Where the recording can be fetched, for a limited time.
        record_url: Place<'a, Text> = "RecordURL",
        /// Where it lies in the customer's own storage, if it was moved there.
        custom_record_url: Place<'a, Text> = "CustomRecordURL",
    }
}

view! {
    /// A voicemail was left.
    pub struct Voicemail {
        /// The contact centre instance.
        sdk_app_id: Place<'a, Integer> = "SdkAppId",
        /// The session in which it was left.
        session_id: Place<'a, Text> = "SessionId",
        /// When it was left.
        timestamp: Place<'a, Moment> = "Timestamp",
        /// Where the voicemail can be fetched, for a limited time.
        record_url: Place<'a, Text> = "RecordURL",
        /// The user's number; sent as a JSON number at times.
        endpoint_user: Place<'a, Text> = "EndpointUser",
    }
}
