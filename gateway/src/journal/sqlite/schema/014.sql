-- Schema version 14: stages, which see each arrival once.
CREATE TABLE stages (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    epoch       INTEGER NOT NULL,      -- rises with every claim
    range_start INTEGER NOT NULL,      -- the first seq that it sees
    cursor      INTEGER NOT NULL,      -- every seq up to here is done with
    state_bytes INTEGER NOT NULL DEFAULT 0,    -- sum of stage_state.bytes
    state_keys  INTEGER NOT NULL DEFAULT 0,
    timers      INTEGER NOT NULL DEFAULT 0,
    derived     INTEGER NOT NULL DEFAULT 0,    -- arrivals that it made
    repeated    INTEGER NOT NULL DEFAULT 0,    -- those that it would have made again
    failed      INTEGER NOT NULL DEFAULT 0     -- calls that failed for good
) STRICT;

-- What stages remember. Keys are in the clear, values may be sealed.
CREATE TABLE stage_state (
    stage      INTEGER NOT NULL,       -- stages.id
    key        TEXT    NOT NULL,
    value      BLOB    NOT NULL,
    bytes      INTEGER NOT NULL,       -- of key and value, unsealed
    expires_ms INTEGER,                -- NULL: never
    key_day    INTEGER,                -- day_keys.day that value is sealed with; NULL: in the clear
    UNIQUE (stage, key)
) STRICT;
CREATE INDEX stage_state_expiry ON stage_state (stage, expires_ms)
    WHERE expires_ms IS NOT NULL;
CREATE INDEX stage_state_sealed ON stage_state (key_day) WHERE key_day IS NOT NULL;

-- When stages want to be called.
CREATE TABLE stage_timers (
    stage INTEGER NOT NULL,            -- stages.id
    key   TEXT    NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (stage, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX stage_timers_due ON stage_timers (stage, at_ms);

-- The deduplication keys of derived arrivals that are kept.
CREATE TABLE derived_keys (
    key BLOB    PRIMARY KEY,           -- arrival_index.dedup_key
    seq INTEGER NOT NULL               -- arrival_index.seq
) STRICT, WITHOUT ROWID;
