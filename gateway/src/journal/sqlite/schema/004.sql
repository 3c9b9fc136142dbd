-- Schema version 4: the beginning of what a receiver answered to a failed
-- attempt, beside the narrow table of attempts. It may hold personal data.
CREATE TABLE attempt_responses (
    destination INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    number      INTEGER NOT NULL,      -- attempts.number
    excerpt     BLOB    NOT NULL,      -- as received: CAST(excerpt AS TEXT)
    PRIMARY KEY (destination, seq, number)
) STRICT;
