//! Every field of the vendor's pushes, in one table.
//!
//! Gathered from the vendor's push documents and, for what newer pushes carry,
//! from the models of its pull API. Values outside the table are normal life:
//! unknown fields, open enums, empty texts, zero for "never", `null` for a list
//! or an object. Only a value of another JSON type breaks the table.

use Shape::{Any, Integer, List, Object, Text, TextOrInteger, TextOrNull};

use crate::record::Kind;

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The kinds of push that carry it.
    pub kinds: &'static [Kind],
    /// Where it stands: a JSON Pointer in which `*` is every element.
    pub pattern: &'static str,
    /// What may stand there.
    pub shape: Shape,
    /// Whether it is a number place: whole values there are, or may be, the
    /// number of a person or a line.
    pub number: bool,
}

/// What may stand at a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// A string, or `null` for "no valid value", which the vendor documents.
    TextOrNull,
    /// A number without fraction and exponent, of any size.
    Integer,
    /// A string, or an integer: the vendor says the first, and its own sample
    /// holds the second.
    TextOrInteger,
    /// An array or `null`.
    List,
    /// An object or `null`.
    Object,
    /// Anything, with anything below it: the vendor documents no type.
    Any,
}

impl Shape {
    /// Whether a value, as JSON text without white space around it, fits.
    pub fn fits(self, json: &str) -> bool {
        let first = json.bytes().next().unwrap_or_default();
        match self {
            Self::Text => first == b'"',
            Self::TextOrNull => matches!(first, b'"' | b'n'),
            Self::Integer => is_integer(json),
            Self::TextOrInteger => first == b'"' || is_integer(json),
            Self::List => matches!(first, b'[' | b'n'),
            Self::Object => matches!(first, b'{' | b'n'),
            Self::Any => true,
        }
    }
}

fn is_integer(json: &str) -> bool {
    let digits = json.strip_prefix('-').unwrap_or(json);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl Field {
    /// Whether a path of keys and indexes leads to the field, to something on
    /// the way to it, or to something below a field that may hold anything.
    pub fn covers(&self, path: &[&str]) -> bool {
        let mut tokens = self.pattern.split('/').skip(1);
        for key in path {
            match tokens.next() {
                Some(token) if token == "*" || token == *key => {}
                Some(_) => return false,
                None => return self.shape == Shape::Any,
            }
        }
        true
    }
}

const fn field(kinds: &'static [Kind], pattern: &'static str, shape: Shape) -> Field {
    Field {
        kinds,
        pattern,
        shape,
        number: false,
    }
}

const fn number(kinds: &'static [Kind], pattern: &'static str, shape: Shape) -> Field {
    Field {
        kinds,
        pattern,
        shape,
        number: true,
    }
}

/// A phone call.
const CALL: &[Kind] = &[Kind::Cdr];
/// An online session.
const IM: &[Kind] = &[Kind::Imcdr];
/// Either.
const SESSION: &[Kind] = &[Kind::Cdr, Kind::Imcdr];
/// A recording or a voicemail.
const SOUND: &[Kind] = &[Kind::Record, Kind::Voicemail];
/// Whatever may point at the recording of a call.
const RECORDED: &[Kind] = &[Kind::Cdr, Kind::Record];
/// Every push.
const EVERY: &[Kind] = &Kind::PUSHED;

/// The table.
pub const ALL: &[Field] = &[
    field(EVERY, "/SdkAppId", Integer),
    field(EVERY, "/SessionId", Text),
    // The session as a whole.
    number(CALL, "/Caller", Text),
    number(CALL, "/Callee", Text),
    // Identifiers that stand for numbers where number protection is on; the
    // two fields above are then empty.
    field(CALL, "/ProtectedCaller", Text),
    field(CALL, "/ProtectedCallee", Text),
    field(CALL, "/CallerLocation", Text),
    field(CALL, "/Direction", Integer),
    field(CALL, "/CallType", Integer),
    field(CALL, "/Time", Integer),
    field(CALL, "/HungUpSide", Text),
    field(SESSION, "/Duration", Integer),
    field(SESSION, "/IVRDuration", Integer),
    field(SESSION, "/StartTimestamp", Integer),
    field(SESSION, "/QueuedTimestamp", Integer),
    field(SESSION, "/RingTimestamp", Integer),
    field(SESSION, "/AcceptTimestamp", Integer),
    field(SESSION, "/EndedTimestamp", Integer),
    field(SESSION, "/EndStatus", Integer),
    field(SESSION, "/EndStatusString", Text),
    field(CALL, "/EndStatusV2", Integer),
    field(CALL, "/SysHangupReason", Integer),
    field(CALL, "/SysHangupReasonString", Text),
    field(CALL, "/SkillGroup", Text),
    field(CALL, "/SkillGroupId", Integer),
    field(SESSION, "/QueuedSkillGroupId", Integer),
    field(SESSION, "/QueuedSkillGroupName", Text),
    field(SESSION, "/UserRemark", Text),
    field(CALL, "/Remark", Text),
    field(CALL, "/Uui", TextOrNull),
    field(CALL, "/UUI", TextOrNull),
    field(CALL, "/AIAgentId", Integer),
    field(CALL, "/AIAgentName", Text),
    // Keys that the user pressed.
    field(SESSION, "/IVRKeyPressed", List),
    field(CALL, "/IVRKeyPressed/*", Text),
    field(CALL, "/IVRKeyPressedEx", List),
    field(CALL, "/IVRKeyPressedEx/*", Object),
    field(CALL, "/IVRKeyPressedEx/*/Key", Text),
    field(CALL, "/IVRKeyPressedEx/*/Label", Text),
    field(CALL, "/IVRKeyPressedEx/*/Timestamp", Integer),
    field(CALL, "/IVRKeyPressedEx/*/NodeLabel", Text),
    field(CALL, "/IVRKeyPressedEx/*/OriginalContent", Text),
    field(CALL, "/IVRKeyPressedEx/*/TTSPrompt", Text),
    field(CALL, "/PostIVRKeyPressed", List),
    field(CALL, "/PostIVRKeyPressed/*", Object),
    field(CALL, "/PostIVRKeyPressed/*/Key", Text),
    field(CALL, "/PostIVRKeyPressed/*/Label", Text),
    field(CALL, "/PostIVRKeyPressed/*/Timestamp", Integer),
    field(CALL, "/PostIVRKeyPressed/*/NodeLabel", Text),
    field(CALL, "/PostIVRKeyPressed/*/OriginalContent", Text),
    field(CALL, "/PostIVRKeyPressed/*/TTSPrompt", Text),
    field(CALL, "/PostIVRKeyPressedEx", List),
    field(CALL, "/PostIVRKeyPressedEx/*", Object),
    field(CALL, "/PostIVRKeyPressedEx/*/Key", Text),
    field(CALL, "/PostIVRKeyPressedEx/*/Label", Text),
    field(CALL, "/PostIVRKeyPressedEx/*/Timestamp", Integer),
    field(CALL, "/PostIVRKeyPressedEx/*/NodeLabel", Text),
    field(CALL, "/PostIVRKeyPressedEx/*/OriginalContent", Text),
    field(CALL, "/PostIVRKeyPressedEx/*/TTSPrompt", Text),
    // The agent who served last.
    field(SESSION, "/SeatUser", Object),
    field(SESSION, "/SeatUser/Mail", Text),
    field(SESSION, "/SeatUser/Name", Text),
    field(SESSION, "/SeatUser/Nick", Text),
    number(SESSION, "/SeatUser/Phone", Text),
    field(SESSION, "/SeatUser/UserId", Text),
    field(SESSION, "/SeatUser/StaffNumber", Text),
    field(SESSION, "/SeatUser/Role", Integer),
    field(SESSION, "/SeatUser/ExtensionNumber", Text),
    field(SESSION, "/SeatUser/SkillGroupNameList", List),
    field(SESSION, "/SeatUser/SkillGroupNameList/*", Text),
    // Everyone who served.
    field(CALL, "/ServeParticipants", List),
    field(CALL, "/ServeParticipants/*", Object),
    field(CALL, "/ServeParticipants/*/Mail", Text),
    number(CALL, "/ServeParticipants/*/Phone", Text),
    field(CALL, "/ServeParticipants/*/RingTimestamp", Integer),
    field(CALL, "/ServeParticipants/*/AcceptTimestamp", Integer),
    field(CALL, "/ServeParticipants/*/EndedTimestamp", Integer),
    field(CALL, "/ServeParticipants/*/StartTimestamp", Integer),
    field(CALL, "/ServeParticipants/*/RecordId", Text),
    field(CALL, "/ServeParticipants/*/RecordURL", Text),
    field(CALL, "/ServeParticipants/*/CustomRecordURL", Text),
    field(CALL, "/ServeParticipants/*/Type", Text),
    // A mail address, a number or empty.
    number(CALL, "/ServeParticipants/*/TransferFrom", Text),
    field(CALL, "/ServeParticipants/*/TransferFromType", Text),
    number(CALL, "/ServeParticipants/*/TransferTo", Text),
    field(CALL, "/ServeParticipants/*/TransferToType", Text),
    field(CALL, "/ServeParticipants/*/SkillGroupId", Integer),
    field(CALL, "/ServeParticipants/*/SkillGroupName", Text),
    field(CALL, "/ServeParticipants/*/SkillGroupPriority", Integer),
    field(CALL, "/ServeParticipants/*/EndStatusString", Text),
    field(CALL, "/ServeParticipants/*/Sequence", Integer),
    // Where the user's number belongs. It holds the full number even where
    // Caller and Callee are masked.
    field(CALL, "/TelLocation", Object),
    number(CALL, "/TelLocation/TelNumber", Text),
    field(CALL, "/TelLocation/Country", Text),
    field(CALL, "/TelLocation/Province", Text),
    field(CALL, "/TelLocation/City", Text),
    field(CALL, "/TelLocation/Operator", Text),
    // Recordings.
    field(RECORDED, "/RecordId", Text),
    field(
        &[Kind::Cdr, Kind::Record, Kind::Voicemail],
        "/RecordURL",
        Text,
    ),
    field(RECORDED, "/CustomRecordURL", Text),
    field(CALL, "/VoicemailRecordURL", List),
    field(CALL, "/VoicemailRecordURL/*", Text),
    field(CALL, "/VoicemailAsrURL", List),
    field(CALL, "/VoicemailAsrURL/*", Text),
    field(CALL, "/AsrUrl", Text),
    field(CALL, "/AsrStatus", Text),
    field(SOUND, "/Timestamp", Integer),
    // The user's number, or an agent's mail address.
    number(SOUND, "/EndpointUser", TextOrInteger),
    // Online sessions.
    field(IM, "/UserId", Text),
    field(IM, "/UserNickName", Text),
    field(IM, "/Satisfaction", Any),
    field(IM, "/ClientData", Any),
];
