-- Journal of cdr-gateway, schema version 1.
-- Times (…_ms) are Unix milliseconds. Ids are UUIDv7 as 16 bytes: hex(id).

-- What arrived: the narrow half, in order of arrival, appended to only.
CREATE TABLE arrival_index (
    seq          INTEGER PRIMARY KEY,  -- position: 1, 2, 3, ...
    id           BLOB    NOT NULL,     -- ascends with seq
    received_ms  INTEGER NOT NULL,
    source       INTEGER NOT NULL,     -- sources.id
    kind         TEXT    NOT NULL,     -- cdr, record, voicemail, imcdr
    dedup_key    BLOB    NOT NULL,     -- 16 bytes of SHA-256 over what identifies the push
    body_hash    BLOB    NOT NULL,     -- first 16 bytes of the body's SHA-256
    session_hash INTEGER               -- first 8 bytes of the session id's SHA-256, big-endian, signed
) STRICT;

-- What arrived: the wide half.
CREATE TABLE arrivals (
    seq     INTEGER PRIMARY KEY,       -- arrival_index.seq
    session TEXT,                      -- session id as sent
    tags    TEXT,                      -- JSON object of texts; NULL when there are none
    defect  TEXT,                      -- why it cannot be processed
    body    BLOB NOT NULL              -- as received: CAST(body AS TEXT)
) STRICT;

-- Texts that recur, kept once.
CREATE TABLE sources (
    id   INTEGER PRIMARY KEY,
    name TEXT    NOT NULL UNIQUE
) STRICT;
CREATE TABLE reasons (
    id   INTEGER PRIMARY KEY,          -- 0 in other tables: no reason
    text TEXT    NOT NULL UNIQUE
) STRICT;
CREATE TABLE states (
    code INTEGER PRIMARY KEY,
    name TEXT    NOT NULL
) STRICT;
INSERT INTO states VALUES
    (0, 'pending'), (1, 'delivered'), (2, 'skipped'), (3, 'retrying'),
    (4, 'suspended'), (5, 'dead'), (6, 'discarded'), (7, 'expired');

-- Who consumes, how far, and the kept counters.
CREATE TABLE destinations (
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    epoch        INTEGER NOT NULL,     -- rises with every claim
    range_start  INTEGER NOT NULL,     -- first seq that belongs to it
    range_end    INTEGER,              -- last seq, once retired; NULL: up to the newest
    cursor       INTEGER NOT NULL,     -- every seq of the range up to here has passed
    ahead        BLOB    NOT NULL,     -- passed beyond the cursor: LEB128 pairs (gap to the range before, length - 1)
    next_ordinal INTEGER NOT NULL,     -- of its next row in outcomes
    delivered    INTEGER NOT NULL DEFAULT 0,
    skipped      INTEGER NOT NULL DEFAULT 0,
    retrying     INTEGER NOT NULL DEFAULT 0,
    suspended    INTEGER NOT NULL DEFAULT 0,
    dead         INTEGER NOT NULL DEFAULT 0,
    discarded    INTEGER NOT NULL DEFAULT 0,
    expired      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What became of the arrivals, packed; of several entries for one seq the one
-- in the row with the greatest ordinal holds.
CREATE TABLE outcomes (
    destination INTEGER NOT NULL,      -- destinations.id
    first_seq   INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,      -- order of settlement at this destination
    last_seq    INTEGER NOT NULL,      -- less than first_seq + 4096
    settled_ms  INTEGER NOT NULL,
    entries     BLOB    NOT NULL,      -- see gateway/src/journal/packed.rs
    PRIMARY KEY (destination, first_seq, ordinal)
) STRICT, WITHOUT ROWID;

-- Deliveries that are retrying, suspended or dead.
CREATE TABLE exceptions (
    destination     INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    state           INTEGER NOT NULL,  -- states.code
    reason          INTEGER NOT NULL,  -- reasons.id or 0
    detail          TEXT    NOT NULL,
    attempts        INTEGER NOT NULL,
    first_failed_ms INTEGER NOT NULL,
    next_attempt_ms INTEGER,
    revision        INTEGER NOT NULL,
    PRIMARY KEY (destination, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX exceptions_due ON exceptions (destination, next_attempt_ms)
    WHERE next_attempt_ms IS NOT NULL;

-- Payloads of exceptions, as every automatic retry sends them.
CREATE TABLE frozen (
    destination  INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    webhook_id   TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    target       TEXT,
    headers      TEXT    NOT NULL,     -- JSON: [["name", "value"], ...]
    digests      TEXT    NOT NULL,
    body         BLOB    NOT NULL,
    PRIMARY KEY (destination, seq)
) STRICT;

CREATE TABLE attempts (
    destination INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    status      INTEGER NOT NULL,      -- HTTP, or 0
    duration_ms INTEGER NOT NULL,
    error       TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    PRIMARY KEY (destination, seq, number)
) STRICT, WITHOUT ROWID;

-- Parts of the files that destinations write, with their committed lengths.
CREATE TABLE files (
    destination INTEGER NOT NULL,
    path        TEXT    NOT NULL,
    part        INTEGER NOT NULL,
    length      INTEGER NOT NULL,      -- bytes
    records     INTEGER NOT NULL,
    first_id    BLOB    NOT NULL,
    last_id     BLOB    NOT NULL,
    opened_ms   INTEGER NOT NULL,
    finished    INTEGER NOT NULL,      -- 1: complete, under its final name
    PRIMARY KEY (destination, path, part)
) STRICT, WITHOUT ROWID;

-- Configurations that ran.
CREATE TABLE revisions (
    number        INTEGER PRIMARY KEY,
    digest        TEXT    NOT NULL,
    registered_ms INTEGER NOT NULL,
    summary       TEXT    NOT NULL     -- JSON
) STRICT;

-- Written to find out whether writing works again.
CREATE TABLE probe (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    writes INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES (1, 0);

-- For people at the sqlite3 prompt.
CREATE VIEW arrivals_readable AS
SELECT i.seq, lower(hex(i.id)) AS id,
       strftime('%Y-%m-%dT%H:%M:%fZ', i.received_ms / 1000.0, 'unixepoch') AS received,
       s.name AS source, i.kind, a.session, a.tags, a.defect, CAST(a.body AS TEXT) AS body
FROM arrival_index AS i JOIN arrivals AS a USING (seq) JOIN sources AS s ON s.id = i.source;

CREATE VIEW ledger AS
SELECT d.name, d.range_start, h.range_end, d.cursor,
       h.range_end - d.range_start + 1 - d.delivered - d.skipped - d.retrying - d.suspended
           - d.dead - d.discarded - d.expired AS pending,
       d.delivered, d.skipped, d.retrying, d.suspended, d.dead, d.discarded, d.expired
FROM destinations AS d
JOIN (SELECT id, coalesce(range_end, (SELECT max(seq) FROM arrival_index), 0) AS range_end
      FROM destinations) AS h USING (id);

CREATE VIEW exceptions_readable AS
SELECT d.name AS destination, e.seq, s.name AS state, coalesce(r.text, '') AS reason, e.detail,
       e.attempts, e.revision,
       strftime('%Y-%m-%dT%H:%M:%fZ', e.first_failed_ms / 1000.0, 'unixepoch') AS first_failed,
       strftime('%Y-%m-%dT%H:%M:%fZ', e.next_attempt_ms / 1000.0, 'unixepoch') AS next_attempt
FROM exceptions AS e
JOIN destinations AS d ON d.id = e.destination
JOIN states AS s ON s.code = e.state
LEFT JOIN reasons AS r ON r.id = e.reason;
