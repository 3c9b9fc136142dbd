-- Schema version 3: what retention removed stays counted. An arrival is either
-- kept, with its outcomes at every destination whose range holds it, or removed,
-- and then counted here at each of those.
ALTER TABLE destinations ADD COLUMN
    removed_delivered INTEGER NOT NULL DEFAULT 0 /* of delivered: arrivals that are not kept any more */;
ALTER TABLE destinations ADD COLUMN removed_skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE destinations ADD COLUMN removed_discarded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE destinations ADD COLUMN removed_expired INTEGER NOT NULL DEFAULT 0;

CREATE TABLE retention (
    only            INTEGER PRIMARY KEY CHECK (only = 1),
    removed_through INTEGER NOT NULL   -- the greatest seq that was removed; everything after it is kept
) STRICT;
INSERT INTO retention VALUES (1, 0);
