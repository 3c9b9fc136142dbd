//! The views against the sender's tables, and against what it really sends.

use super::{
    Call, KeyPress, OnlineSession, Participant, Recording, Satisfaction, SeatUser, TelLocation,
    Voicemail,
};
use crate::{Direction, Fault, FieldError, Kind, mock::Record};

/// The vendor's own sample, shortened to one of each oddity.
const CALL: &str = r#"{"SessionId":"99a1c8f8","Caller":"0086400xxx6666","Direction":1,"Duration":0,
    "SeatUser":{"Name":"张三","Phone":"","SkillGroupNameList":["顾问外呼"]},"CallerLocation":"",
    "RingTimestamp":1677140072,"AcceptTimestamp":0,"IVRKeyPressed":null,"IVRKeyPressedEx":null,
    "ServeParticipants":[{"Type":"miniProgramSeat","Sequence":0},{"Type":"staffSeat","Sequence":1}],
    "PostIVRKeyPressed":[{"key":"1"},{"Key":"2"}],"TelLocation":null}"#;

#[test]
fn every_field_of_the_tables_has_an_accessor() {
    let root = "SdkAppId SessionId Caller Callee Direction Duration SeatUser CallerLocation \
        IVRDuration RingTimestamp AcceptTimestamp EndedTimestamp StartTimestamp IVRKeyPressed \
        IVRKeyPressedEx HungUpSide ServeParticipants EndStatusString QueuedTimestamp \
        PostIVRKeyPressed QueuedSkillGroupName QueuedSkillGroupId RecordId UserRemark Uui \
        TelLocation";
    let participant = "Mail Phone RingTimestamp AcceptTimestamp EndedTimestamp RecordId Type \
        TransferFrom TransferFromType TransferTo TransferToType SkillGroupId EndStatusString \
        Sequence StartTimestamp SkillGroupName SkillGroupPriority";
    let online = "SdkAppId SessionId StartTimestamp QueuedTimestamp RingTimestamp AcceptTimestamp \
        EndedTimestamp QueuedSkillGroupId QueuedSkillGroupName Duration IVRDuration \
        EndStatusString UserId UserNickName IVRKeyPressed SeatUser UserRemark Satisfaction \
        ClientData";
    let recording = "SdkAppId RecordId SessionId Timestamp EndpointUser RecordURL CustomRecordURL";
    for (table, keys) in [
        (root, Call::KEYS),
        (
            "Mail Name Nick Phone UserId StaffNumber SkillGroupNameList",
            SeatUser::KEYS,
        ),
        (participant, Participant::KEYS),
        (
            "TelNumber Country Province City Operator",
            TelLocation::KEYS,
        ),
        ("Key Label", KeyPress::KEYS),
        (recording, Recording::KEYS),
        (
            "SdkAppId SessionId Timestamp RecordURL EndpointUser",
            Voicemail::KEYS,
        ),
        (online, OnlineSession::KEYS),
        ("id content", Satisfaction::KEYS),
    ] {
        for key in table.split_whitespace() {
            assert!(keys.contains(&key), "{key} is missing");
        }
    }
}

#[test]
fn fields_are_read_as_they_are_sent() -> Result<(), Fault> {
    let record = Record::call(CALL);
    let call = record.cdr().tccc().call();
    assert_eq!(call.session_id().get()?.as_deref(), Some("99a1c8f8"));
    assert_eq!(call.direction().get()?, Some(Direction::Outbound));
    assert_eq!(call.duration().get()?, Some(0));
    assert_eq!(call.ring_timestamp().happened()?, Some(1_677_140_072));
    assert_eq!(call.accept_timestamp().get()?, Some(0));
    assert_eq!(call.accept_timestamp().happened()?, None);
    assert_eq!(call.caller_location().get()?.as_deref(), Some(""));
    assert_eq!(call.caller_location().filled()?, None);
    assert_eq!(call.callee().get()?, None);
    assert_eq!(call.ivr_key_pressed().get()?, None);
    assert!(call.ivr_key_pressed_ex().all()?.is_empty());
    assert_eq!(call.tel_location().city().get()?, None);
    let agent = call.seat_user();
    assert_eq!(agent.name().get()?.as_deref(), Some("张三"));
    assert_eq!(
        agent.skill_group_name_list().get()?,
        Some(vec!["顾问外呼".to_owned()])
    );
    let keys = call.post_ivr_key_pressed().all()?;
    assert_eq!(keys[0].key().get()?, None);
    assert_eq!(keys[1].key().get()?.as_deref(), Some("2"));
    Ok(())
}

#[test]
fn fields_are_written_where_they_stand() -> Result<(), Fault> {
    let record = Record::call(CALL);
    let call = record.cdr().tccc().call();
    call.caller().set("masked")?;
    call.direction().set(&Direction::Inbound)?;
    for (index, participant) in call.serve_participants().all()?.iter().enumerate() {
        assert_eq!(participant.pointer(), format!("/ServeParticipants/{index}"));
        participant.phone().set("8021")?;
        assert!(participant.participant_type().remove());
    }
    assert!(
        call.tel_location().city().set("安顺").is_err(),
        "null holds no members"
    );
    call.tel_location().ensure()?;
    call.tel_location().city().set("安顺")?;
    call.tel_location().ensure()?;
    for (pointer, expected) in [
        ("/Caller", r#""masked""#),
        ("/Direction", "0"),
        ("/ServeParticipants/1", r#"{"Sequence":1,"Phone":"8021"}"#),
        ("/TelLocation", r#"{"City":"安顺"}"#),
    ] {
        assert_eq!(
            record.cdr().json(pointer).as_deref(),
            Some(expected),
            "{pointer}"
        );
    }
    Ok(())
}

#[test]
fn a_number_is_text_too_but_an_object_is_not() {
    let voicemail = Record::new(
        Kind::Voicemail,
        r#"{"EndpointUser":13123456789,"RecordURL":{}}"#,
    );
    let voicemail = voicemail.cdr().tccc().voicemail();
    assert_eq!(
        voicemail.endpoint_user().get(),
        Ok(Some("13123456789".to_owned()))
    );
    let error = FieldError {
        pointer: "/RecordURL".to_owned(),
        expected: "string",
    };
    assert_eq!(voicemail.record_url().get(), Err(error));
}

#[test]
fn each_kind_has_its_view() -> Result<(), Fault> {
    let recording = Record::new(Kind::Record, r#"{"Timestamp":1,"RecordURL":"https://r"}"#);
    let recording = recording.cdr().tccc().recording();
    assert_eq!(recording.timestamp().happened()?, Some(1));
    let online = Record::new(Kind::Imcdr, r#"{"Satisfaction":{"id":3,"content":"好"}}"#);
    let online = online.cdr().tccc().online_session();
    assert_eq!(online.satisfaction().id().get()?.as_deref(), Some("3"));
    Ok(())
}
