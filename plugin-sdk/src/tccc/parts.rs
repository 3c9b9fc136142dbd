//! The objects inside a session.

use super::view::view;
use crate::{Integer, Moment, Place, Text, Texts};

view! {
    /// An agent.
    pub struct SeatUser {
        /// Mail address.
        mail: Place<'a, Text> = "Mail",
        /// Name.
        name: Place<'a, Text> = "Name",
        /// Nickname, as users see it.
        nick: Place<'a, Text> = "Nick",
        /// Telephone number, with the prefix 0086.
        phone: Place<'a, Text> = "Phone",
        /// User id.
        user_id: Place<'a, Text> = "UserId",
        /// Staff number.
        staff_number: Place<'a, Text> = "StaffNumber",
        /// Names of the skill groups that the agent belongs to.
        skill_group_name_list: Place<'a, Texts> = "SkillGroupNameList",
    }
}

view! {
    /// One who served the user, as one leg of the session.
    pub struct Participant {
        /// Mail address.
        mail: Place<'a, Text> = "Mail",
        /// Telephone number or extension.
        phone: Place<'a, Text> = "Phone",
        /// When it began to ring here.
        ring_timestamp: Place<'a, Moment> = "RingTimestamp",
        /// When it was answered here.
        accept_timestamp: Place<'a, Moment> = "AcceptTimestamp",
        /// When this leg ended.
        ended_timestamp: Place<'a, Moment> = "EndedTimestamp",
        /// The recording of this side.
        record_id: Place<'a, Text> = "RecordId",
        /// What serves: `staffSeat`, `outboundSeat`, `staffPhoneSeat`,
        /// `miniProgramSeat`; an open list.
        participant_type: Place<'a, Text> = "Type",
        /// Whom the call was transferred from: a mail address or a number.
        transfer_from: Place<'a, Text> = "TransferFrom",
        /// What it was transferred from, as in `participant_type`.
        transfer_from_type: Place<'a, Text> = "TransferFromType",
        /// Whom the call was transferred to: a mail address or a number.
        transfer_to: Place<'a, Text> = "TransferTo",
        /// What it was transferred to, as in `participant_type`.
        transfer_to_type: Place<'a, Text> = "TransferToType",
        /// The skill group.
        skill_group_id: Place<'a, Integer> = "SkillGroupId",
        /// How this leg ended; may differ from the session's.
        end_status_string: Place<'a, Text> = "EndStatusString",
        /// Position among the participants, from 0.
        sequence: Place<'a, Integer> = "Sequence",
        /// When this leg began.
        start_timestamp: Place<'a, Moment> = "StartTimestamp",
        /// Name of the skill group.
        skill_group_name: Place<'a, Text> = "SkillGroupName",
        /// Priority of the skill group in the assignment.
        skill_group_priority: Place<'a, Integer> = "SkillGroupPriority",
    }
}

view! {
    /// Where a number is registered.
    pub struct TelLocation {
        /// The number itself, unmasked even where the session's is masked.
        tel_number: Place<'a, Text> = "TelNumber",
        /// Country, such as 中国.
        country: Place<'a, Text> = "Country",
        /// Province, such as 贵州.
        province: Place<'a, Text> = "Province",
        /// City, such as 安顺.
        city: Place<'a, Text> = "City",
        /// Operator, such as 移动.
        operator: Place<'a, Text> = "Operator",
    }
}

view! {
    /// A key pressed, or a word said, in a voice menu.
    pub struct KeyPress {
        /// The key or word. Some revisions write it in lower case (`key`).
        key: Place<'a, Text> = "Key",
        /// The label that the menu gives it.
        label: Place<'a, Text> = "Label",
        /// When: Unix time in milliseconds, unlike every other time here.
        timestamp_ms: Place<'a, Integer> = "Timestamp",
        /// Label of the menu's node.
        node_label: Place<'a, Text> = "NodeLabel",
        /// What the user entered or said: free text.
        original_content: Place<'a, Text> = "OriginalContent",
        /// The prompt that was spoken.
        tts_prompt: Place<'a, Text> = "TTSPrompt",
    }
}
