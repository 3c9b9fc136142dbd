-- Schema version 5: several deliveries in one request. What no driver ever wrote
-- about a frozen payload goes.
ALTER TABLE exceptions ADD COLUMN
    batch TEXT /* id of the batch that the next attempt sends; NULL: none was frozen */;
ALTER TABLE exceptions ADD COLUMN
    splits INTEGER NOT NULL DEFAULT 0 /* of attempts: after how many the batch was split */;
CREATE INDEX exceptions_batch ON exceptions (destination, batch) WHERE batch IS NOT NULL;

ALTER TABLE frozen ADD COLUMN
    batch_format TEXT /* json_array, ndjson: how it was joined with others; NULL: it was sent alone */;
ALTER TABLE frozen DROP COLUMN content_type;
ALTER TABLE frozen DROP COLUMN target;
ALTER TABLE frozen DROP COLUMN headers;

ALTER TABLE attempts ADD COLUMN
    batch TEXT /* id of the batch that was sent; NULL: the delivery alone */;
ALTER TABLE attempts ADD COLUMN batch_records INTEGER /* deliveries in that batch */;
