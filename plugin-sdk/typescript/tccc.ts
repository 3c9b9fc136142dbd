/**
 * The fields of Tencent Cloud Contact Center, for the editor: `cdr.get` knows
 * the pointers of a record and what stands there.
 *
 * What the sender really sends is wider than its tables: arrays may be `null`,
 * timestamps 0 and texts empty where there is nothing; enumerations gain
 * members; fields may be missing altogether.
 */

/** A phone session that ended. */
export interface Call {
  /** The contact centre instance. */
  SdkAppId: number;
  /** The session. Recordings and voicemails of it bear the same. */
  SessionId: string;
  /** The number that called. Empty where number protection is on. */
  Caller: string;
  /** The number that was called. Empty where number protection is on. */
  Callee: string;
  /** Which side began the session: 0 the user, 1 an agent or a campaign. */
  Direction: number;
  /**
   * Seconds of service. The sender's own figure: it may be 0 where the difference of its
   * timestamps is not, so do not recompute it.
   */
  Duration: number;
  /** The agent; after a transfer the last one. */
  SeatUser: SeatUser;
  /** Where the calling number is registered, as one string. */
  CallerLocation: string;
  /**
   * Where the called number is registered, as one string. Not sent: added by the gateway's
   * attribution.
   */
  CalleeLocation: string;
  /** Seconds in the voice menu. */
  IVRDuration: number;
  /**
   * When it began to ring: inbound at the agent, outbound at the user; Unix time in seconds, 0
   * for never.
   */
  RingTimestamp: number;
  /**
   * When it was answered: inbound by the agent, outbound by the user; Unix time in seconds, 0
   * for never.
   */
  AcceptTimestamp: number;
  /** When the whole session ended; Unix time in seconds, 0 for never. */
  EndedTimestamp: number;
  /** When the whole session began; Unix time in seconds, 0 for never. */
  StartTimestamp: number;
  /** Keys pressed in the voice menu. */
  IVRKeyPressed: string[] | null;
  /** Keys pressed in the voice menu, with their labels. */
  IVRKeyPressedEx: KeyPress[] | null;
  /** Who hung up: `user`, `seat` or `system`. */
  HungUpSide: string;
  /** Everyone who served the user. */
  ServeParticipants: Participant[] | null;
  /** How the session ended, such as `ok` or `notAnswer`; an open list. */
  EndStatusString: string;
  /** Inbound: when the user entered the queue; Unix time in seconds, 0 for never. */
  QueuedTimestamp: number;
  /** Keys pressed after the service, such as a rating. */
  PostIVRKeyPressed: KeyPress[] | null;
  /** Inbound: name of the skill group that the user queued for. */
  QueuedSkillGroupName: string;
  /** The skill group that the session queued for. */
  QueuedSkillGroupId: number;
  /** The recording of the user's side. */
  RecordId: string;
  /** Remark on the user: free text. */
  UserRemark: string;
  /** Data that the customer's system gave with the call: free text. */
  Uui: string;
  /** Where the user's number is registered. */
  TelLocation: TelLocation;
  /** Newer revisions: 1 outbound, 2 inbound, 3 inbound audio, 5 predictive, 6 internal. */
  CallType: number;
  /** Stands for the calling number where number protection is on. */
  ProtectedCaller: string;
  /** Stands for the called number where number protection is on. */
  ProtectedCallee: string;
}

/** An agent. */
export interface SeatUser {
  /** Mail address. */
  Mail: string;
  /** Name. */
  Name: string;
  /** Nickname, as users see it. */
  Nick: string;
  /** Telephone number, with the prefix 0086. */
  Phone: string;
  /** User id. */
  UserId: string;
  /** Staff number. */
  StaffNumber: string;
  /** Names of the skill groups that the agent belongs to. */
  SkillGroupNameList: string[] | null;
}

/** One who served the user, as one leg of the session. */
export interface Participant {
  /** Mail address. */
  Mail: string;
  /** Telephone number or extension. */
  Phone: string;
  /** When it began to ring here; Unix time in seconds, 0 for never. */
  RingTimestamp: number;
  /** When it was answered here; Unix time in seconds, 0 for never. */
  AcceptTimestamp: number;
  /** When this leg ended; Unix time in seconds, 0 for never. */
  EndedTimestamp: number;
  /** The recording of this side. */
  RecordId: string;
  /**
   * What serves: `staffSeat`, `outboundSeat`, `staffPhoneSeat`, `miniProgramSeat`; an open
   * list.
   */
  Type: string;
  /** Whom the call was transferred from: a mail address or a number. */
  TransferFrom: string;
  /** What it was transferred from, as in `Type`. */
  TransferFromType: string;
  /** Whom the call was transferred to: a mail address or a number. */
  TransferTo: string;
  /** What it was transferred to, as in `Type`. */
  TransferToType: string;
  /** The skill group. */
  SkillGroupId: number;
  /** How this leg ended; may differ from the session's. */
  EndStatusString: string;
  /** Position among the participants, from 0. */
  Sequence: number;
  /** When this leg began; Unix time in seconds, 0 for never. */
  StartTimestamp: number;
  /** Name of the skill group. */
  SkillGroupName: string;
  /** Priority of the skill group in the assignment. */
  SkillGroupPriority: number;
}

/** Where a number is registered. */
export interface TelLocation {
  /** The number itself, unmasked even where the session's is masked. */
  TelNumber: string;
  /** Country, such as 中国. */
  Country: string;
  /** Province, such as 贵州. */
  Province: string;
  /** City, such as 安顺. */
  City: string;
  /** Operator, such as 移动. */
  Operator: string;
}

/** A key pressed, or a word said, in a voice menu. */
export interface KeyPress {
  /** The key or word. Some revisions write it in lower case (`key`). */
  Key: string;
  /** The label that the menu gives it. */
  Label: string;
  /** When: Unix time in milliseconds, unlike every other time here. */
  Timestamp: number;
  /** Label of the menu's node. */
  NodeLabel: string;
  /** What the user entered or said: free text. */
  OriginalContent: string;
  /** The prompt that was spoken. */
  TTSPrompt: string;
}

/** A recording is ready; one push for each side of a call. */
export interface Recording {
  /** The contact centre instance. */
  SdkAppId: number;
  /** The recording, as the session names it. */
  RecordId: string;
  /** The session that was recorded. */
  SessionId: string;
  /** When the recording was made; Unix time in seconds, 0 for never. */
  Timestamp: number;
  /** Whose side: the user's number or the agent's mail address. */
  EndpointUser: string;
  /** Where the recording can be fetched, for a limited time. */
  RecordURL: string;
  /** Where it lies in the customer's own storage, if it was moved there. */
  CustomRecordURL: string;
}

/** A voicemail was left. */
export interface Voicemail {
  /** The contact centre instance. */
  SdkAppId: number;
  /** The session in which it was left. */
  SessionId: string;
  /** When it was left; Unix time in seconds, 0 for never. */
  Timestamp: number;
  /** Where the voicemail can be fetched, for a limited time. */
  RecordURL: string;
  /** The user's number; sent as a JSON number at times. */
  EndpointUser: string;
}

/** An online session that ended. */
export interface OnlineSession {
  /** The contact centre instance. */
  SdkAppId: number;
  /** The session. */
  SessionId: string;
  /** When it began; Unix time in seconds, 0 for never. */
  StartTimestamp: number;
  /** When the user entered the queue; Unix time in seconds, 0 for never. */
  QueuedTimestamp: number;
  /** When it was offered to the agent; Unix time in seconds, 0 for never. */
  RingTimestamp: number;
  /** When the agent took it; Unix time in seconds, 0 for never. */
  AcceptTimestamp: number;
  /** When it ended; Unix time in seconds, 0 for never. */
  EndedTimestamp: number;
  /** The skill group that the user queued for. */
  QueuedSkillGroupId: number;
  /** Name of the skill group that the user queued for. */
  QueuedSkillGroupName: string;
  /** Seconds of service. */
  Duration: number;
  /** Seconds in the menu. */
  IVRDuration: number;
  /** How it ended; an open list. */
  EndStatusString: string;
  /** The user. */
  UserId: string;
  /** The user's nickname. */
  UserNickName: string;
  /** Choices made in the menu. */
  IVRKeyPressed: string[] | null;
  /** The agent. */
  SeatUser: SeatUser;
  /** Remark on the user: free text. */
  UserRemark: string;
  /** The user's rating; older revisions. */
  Satisfaction: Satisfaction;
  /** Data that the customer's page gave with the session: free text. */
  ClientData: string;
}

/** A rating of an online session. */
export interface Satisfaction {
  /** The answer that was chosen. */
  id: string;
  /** Its wording. */
  content: string;
}

/** The members of an object by the pointers at which they stand. */
type At<Place extends string, Members> = {
  [Key in keyof Members & string as `${Place}/${Key}`]: Members[Key];
};

/** Which pointers `cdr.get` knows, and what stands there. */
export type Fields = At<"", Call & Recording & Voicemail & OnlineSession> &
  At<"/SeatUser", SeatUser> &
  At<"/TelLocation", TelLocation>;
