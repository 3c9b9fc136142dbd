-- Schema version 6: what a person corrected is kept beside the original.
CREATE TABLE corrections (
    seq     INTEGER NOT NULL,          -- arrival_index.seq
    number  INTEGER NOT NULL,          -- 1 for the first of its arrival; the greatest holds
    at_ms   INTEGER NOT NULL,
    because TEXT    NOT NULL,
    session TEXT,                      -- session id of the corrected record
    tags    TEXT,                      -- JSON object of texts; NULL when there are none
    body    BLOB    NOT NULL,          -- the whole record
    PRIMARY KEY (seq, number)
) STRICT;

-- Of which version a payload, or a failure, is; 0: of the record as received.
-- A payload of an earlier one than the newest is not sent any more.
ALTER TABLE frozen ADD COLUMN correction INTEGER NOT NULL DEFAULT 0 /* corrections.number */;
ALTER TABLE exceptions ADD COLUMN correction INTEGER NOT NULL DEFAULT 0 /* corrections.number */;
