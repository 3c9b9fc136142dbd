-- Schema version 12: bodies may be sealed, with a key for each day.
CREATE TABLE day_keys (
    day        INTEGER PRIMARY KEY,    -- days since 1970-01-01: date(day * 86400, 'unixepoch')
    master     TEXT    NOT NULL,       -- id of the master key that wraps it
    wrapped    BLOB,                   -- see gateway/src/journal/seal.rs; NULL: dropped
    first_seq  INTEGER NOT NULL,       -- the first arrival that is sealed with it
    created_ms INTEGER NOT NULL,
    dropped_ms INTEGER
) STRICT;

ALTER TABLE arrival_index ADD COLUMN
    key_day INTEGER /* day_keys.day that bodies of this seq, and attempt_responses.excerpt, are sealed with; NULL: in the clear */;

DROP VIEW arrivals_readable;
CREATE VIEW arrivals_readable AS
SELECT i.seq, lower(hex(i.id)) AS id,
       strftime('%Y-%m-%dT%H:%M:%fZ', i.received_ms / 1000.0, 'unixepoch') AS received,
       s.name AS source, i.kind, a.session, a.tags, a.defect,
       iif(i.key_day IS NULL, CAST(a.body AS TEXT), 'sealed') AS body
FROM arrival_index AS i JOIN arrivals AS a USING (seq) JOIN sources AS s ON s.id = i.source;
