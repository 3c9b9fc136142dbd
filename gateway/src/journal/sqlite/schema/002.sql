-- Schema version 2: a payload stays after a person asked for the chain to run
-- again, so that the next one gets the same id if its bytes are the same.
ALTER TABLE frozen ADD COLUMN
    superseded INTEGER NOT NULL DEFAULT 0 /* 1: compared with, but not sent any more */;
