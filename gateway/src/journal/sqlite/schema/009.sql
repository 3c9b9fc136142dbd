-- Schema version 9: sending again what has been settled.
CREATE TABLE replays (
    id         INTEGER PRIMARY KEY,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER,                -- NULL while it runs
    state      TEXT    NOT NULL,       -- running, done, cancelled
    first_seq  INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,
    states     TEXT    NOT NULL,       -- JSON list: those that are meant
    expression TEXT,                   -- CEL: those that are meant
    fresh_ids  INTEGER NOT NULL        -- 1: under ids that were not used before
) STRICT;
CREATE TABLE replay_shares (
    replay        INTEGER NOT NULL,    -- replays.id
    destination   INTEGER NOT NULL,    -- destinations.id
    counted       INTEGER NOT NULL,    -- when it was started
    portion_after INTEGER NOT NULL,    -- the newest portion begins after this seq
    position      INTEGER NOT NULL,    -- every seq up to here is handed out
    reopened      INTEGER NOT NULL,
    left_alone    INTEGER NOT NULL,    -- meant, but something else had become of it
    PRIMARY KEY (replay, destination)
) STRICT, WITHOUT ROWID;

-- The last number in the webhook-ids of a delivery, where it is needed, and what
-- the bytes under it were made of. Without a row the last number is that of the
-- frozen payload, or 1.
CREATE TABLE webhook_numbers (
    destination INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    revision    INTEGER NOT NULL,      -- 0: the next bytes get the next number
    correction  INTEGER NOT NULL,      -- corrections.number; 0: the record as received
    PRIMARY KEY (destination, seq)
) STRICT, WITHOUT ROWID;
