-- Schema version 8: destinations that send nothing until a person says otherwise,
-- and retries that the receiver does not want before a time.
CREATE TABLE holds (
    destination INTEGER PRIMARY KEY,   -- destinations.id
    kind        TEXT    NOT NULL,      -- paused: by a person; stopped: by its receiver
    because     TEXT    NOT NULL,
    since_ms    INTEGER NOT NULL
) STRICT;

ALTER TABLE exceptions ADD COLUMN
    not_before_ms INTEGER /* the receiver asked for no attempt before */;
