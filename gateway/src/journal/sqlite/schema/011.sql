-- Schema version 11: what retention removed stays in the books of its hour.
CREATE TABLE removed_deliveries (
    destination INTEGER NOT NULL,
    hour        INTEGER NOT NULL,      -- of arrival, in UTC: Unix time / 3600; -1: not known
    state       INTEGER NOT NULL,      -- states.code
    reason      INTEGER NOT NULL,      -- reasons.id or 0
    deliveries  INTEGER NOT NULL,
    PRIMARY KEY (destination, hour, state, reason)
) STRICT, WITHOUT ROWID;
INSERT INTO removed_deliveries
SELECT id, -1, 1, 0, removed_delivered FROM destinations WHERE removed_delivered > 0;
INSERT INTO removed_deliveries
SELECT id, -1, 2, 0, removed_skipped FROM destinations WHERE removed_skipped > 0;
INSERT INTO removed_deliveries
SELECT id, -1, 6, 0, removed_discarded FROM destinations WHERE removed_discarded > 0;
INSERT INTO removed_deliveries
SELECT id, -1, 7, 0, removed_expired FROM destinations WHERE removed_expired > 0;
