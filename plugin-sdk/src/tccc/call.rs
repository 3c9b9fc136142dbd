//! A phone session: the push with `action=cdr`.

use super::{KeyPress, Participant, SeatUser, TelLocation, view::view};
use crate::{DirectionCode, Each, Integer, Moment, Place, Text, Texts};

view! {
    /// A phone session that ended.
    pub struct Call {
        /// The contact centre instance.
        sdk_app_id: Place<'a, Integer> = "SdkAppId",
        /// The session. Recordings and voicemails of it bear the same.
        session_id: Place<'a, Text> = "SessionId",
        /// The number that called. Empty where number protection is on.
        caller: Place<'a, Text> = "Caller",
        /// The number that was called. Empty where number protection is on.
        callee: Place<'a, Text> = "Callee",
        /// Which side began the session.
        direction: Place<'a, DirectionCode> = "Direction",
        /// Seconds of service. The sender's own figure: it may be 0 where the
        /// difference of its timestamps is not, so do not recompute it.
        duration: Place<'a, Integer> = "Duration",
        /// The agent; after a transfer the last one.
        seat_user: SeatUser<'a> = "SeatUser",
        /// Where the calling number is registered, as one string.
        caller_location: Place<'a, Text> = "CallerLocation",
        /// Where the called number is registered, as one string. Not sent:
        /// added by the gateway's attribution.
        callee_location: Place<'a, Text> = "CalleeLocation",
        /// Seconds in the voice menu.
        ivr_duration: Place<'a, Integer> = "IVRDuration",
        /// When it began to ring: inbound at the agent, outbound at the user.
        ring_timestamp: Place<'a, Moment> = "RingTimestamp",
        /// When it was answered: inbound by the agent, outbound by the user.
        accept_timestamp: Place<'a, Moment> = "AcceptTimestamp",
        /// When the whole session ended.
        ended_timestamp: Place<'a, Moment> = "EndedTimestamp",
        /// When the whole session began.
        start_timestamp: Place<'a, Moment> = "StartTimestamp",
        /// Keys pressed in the voice menu.
        ivr_key_pressed: Place<'a, Texts> = "IVRKeyPressed",
        /// Keys pressed in the voice menu, with their labels.
        ivr_key_pressed_ex: Each<'a, KeyPress<'a>> = "IVRKeyPressedEx",
        /// Who hung up: `user`, `seat` or `system`.
        hung_up_side: Place<'a, Text> = "HungUpSide",
        /// Everyone who served the user.
        serve_participants: Each<'a, Participant<'a>> = "ServeParticipants",
        /// How the session ended, such as `ok` or `notAnswer`; an open list.
        end_status_string: Place<'a, Text> = "EndStatusString",
        /// Inbound: when the user entered the queue.
        queued_timestamp: Place<'a, Moment> = "QueuedTimestamp",
        /// Keys pressed after the service, such as a rating.
        post_ivr_key_pressed: Each<'a, KeyPress<'a>> = "PostIVRKeyPressed",
        /// Inbound: name of the skill group that the user queued for.
        queued_skill_group_name: Place<'a, Text> = "QueuedSkillGroupName",
        /// The skill group that the session queued for.
        queued_skill_group_id: Place<'a, Integer> = "QueuedSkillGroupId",
        /// The recording of the user's side.
        record_id: Place<'a, Text> = "RecordId",
        /// Remark on the user: free text.
        user_remark: Place<'a, Text> = "UserRemark",
        /// Data that the customer's system gave with the call: free text.
        uui: Place<'a, Text> = "Uui",
        /// Where the user's number is registered.
        tel_location: TelLocation<'a> = "TelLocation",
        /// Newer revisions: 1 outbound, 2 inbound, 3 inbound audio, 5
        /// predictive, 6 internal.
        call_type: Place<'a, Integer> = "CallType",
        /// Stands for the calling number where number protection is on.
        protected_caller: Place<'a, Text> = "ProtectedCaller",
        /// Stands for the called number where number protection is on.
        protected_callee: Place<'a, Text> = "ProtectedCallee",
    }
}
