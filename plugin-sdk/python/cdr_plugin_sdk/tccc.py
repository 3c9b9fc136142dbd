"""The fields of Tencent Cloud Contact Center, for the editor: `cdr.get` knows the
pointers of a record and what stands there.

What the sender really sends is wider than its tables: arrays may be null,
timestamps 0 and texts empty where there is nothing; fields may be missing
altogether.
"""

from typing import Literal, TypeAlias

Numbers: TypeAlias = Literal[
    "/SdkAppId",
    "/Direction",
    "/Duration",
    "/IVRDuration",
    "/RingTimestamp",
    "/AcceptTimestamp",
    "/EndedTimestamp",
    "/StartTimestamp",
    "/QueuedTimestamp",
    "/QueuedSkillGroupId",
    "/CallType",
    "/Timestamp",
]
"""Where whole numbers stand. Times are Unix times in seconds, 0 for never."""

Texts: TypeAlias = Literal[
    "/SessionId",
    "/Caller",
    "/Callee",
    "/CallerLocation",
    "/CalleeLocation",
    "/HungUpSide",
    "/EndStatusString",
    "/QueuedSkillGroupName",
    "/RecordId",
    "/UserRemark",
    "/Uui",
    "/ProtectedCaller",
    "/ProtectedCallee",
    "/SeatUser/Mail",
    "/SeatUser/Name",
    "/SeatUser/Nick",
    "/SeatUser/Phone",
    "/SeatUser/UserId",
    "/SeatUser/StaffNumber",
    "/TelLocation/TelNumber",
    "/TelLocation/Country",
    "/TelLocation/Province",
    "/TelLocation/City",
    "/TelLocation/Operator",
    "/EndpointUser",
    "/RecordURL",
    "/CustomRecordURL",
    "/UserId",
    "/UserNickName",
    "/ClientData",
]
"""Where texts stand."""
