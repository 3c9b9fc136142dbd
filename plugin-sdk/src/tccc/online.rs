//! An online (IM) session: the push with `action=imcdr`.

use super::{SeatUser, view::view};
use crate::{Integer, Moment, Place, Text, Texts};

view! {
    /// An online session that ended.
    pub struct OnlineSession {
        /// The contact centre instance.
        sdk_app_id: Place<'a, Integer> = "SdkAppId",
        /// The session.
        session_id: Place<'a, Text> = "SessionId",
        /// When it began.
        start_timestamp: Place<'a, Moment> = "StartTimestamp",
        /// When the user entered the queue.
        queued_timestamp: Place<'a, Moment> = "QueuedTimestamp",
        /// When it was offered to the agent.
        ring_timestamp: Place<'a, Moment> = "RingTimestamp",
        /// When the agent took it.
        accept_timestamp: Place<'a, Moment> = "AcceptTimestamp",
        /// When it ended.
        ended_timestamp: Place<'a, Moment> = "EndedTimestamp",
        /// The skill group that the user queued for.
        queued_skill_group_id: Place<'a, Integer> = "QueuedSkillGroupId",
        /// Name of the skill group that the user queued for.
        queued_skill_group_name: Place<'a, Text> = "QueuedSkillGroupName",
        /// Seconds of service.
        duration: Place<'a, Integer> = "Duration",
        /// Seconds in the menu.
        ivr_duration: Place<'a, Integer> = "IVRDuration",
        /// How it ended; an open list.
        end_status_string: Place<'a, Text> = "EndStatusString",
        /// The user.
        user_id: Place<'a, Text> = "UserId",
        /// The user's nickname.
        user_nick_name: Place<'a, Text> = "UserNickName",
        /// Choices made in the menu.
        ivr_key_pressed: Place<'a, Texts> = "IVRKeyPressed",
        /// The agent.
        seat_user: SeatUser<'a> = "SeatUser",
        /// Remark on the user: free text.
        user_remark: Place<'a, Text> = "UserRemark",
        /// The user's rating; older revisions.
        satisfaction: Satisfaction<'a> = "Satisfaction",
        /// Data that the customer's page gave with the session: free text.
        client_data: Place<'a, Text> = "ClientData",
    }
}

view! {
    /// A rating of an online session.
    pub struct Satisfaction {
        /// The answer that was chosen.
        id: Place<'a, Text> = "id",
        /// Its wording.
        content: Place<'a, Text> = "content",
    }
}
