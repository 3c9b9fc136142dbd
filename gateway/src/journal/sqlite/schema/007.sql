-- Schema version 7: what waits for a destination is known without a look at each
-- of its deliveries.
ALTER TABLE arrival_index ADD COLUMN
    bytes_through INTEGER NOT NULL DEFAULT 0 /* bytes of all bodies received up to here; 0 before version 7, so that older arrivals weigh nothing */;
ALTER TABLE destinations ADD COLUMN
    retrying_bytes INTEGER NOT NULL DEFAULT 0 /* bytes of the bodies of what is retrying */;
UPDATE destinations SET retrying_bytes = (
    SELECT coalesce(sum(length(a.body)), 0) FROM exceptions AS e JOIN arrivals AS a USING (seq)
    WHERE e.destination = destinations.id AND e.state = 3);
CREATE INDEX exceptions_by_state ON exceptions (destination, state);
