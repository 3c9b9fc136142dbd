-- Schema version 10: a part of a file is finished where it was begun, and as it
-- was begun, whatever the configuration says by then.
ALTER TABLE files ADD COLUMN
    base_dir TEXT NOT NULL DEFAULT '' /* relative to data_dir or absolute; '': that of the configuration */;
ALTER TABLE files ADD COLUMN
    layout TEXT NOT NULL DEFAULT '' /* JSON: format and compression; '': plain NDJSON, or finished */;
ALTER TABLE files ADD COLUMN
    waiting INTEGER NOT NULL DEFAULT 0 /* 1: complete, but not yet where the receiver looks for it */;
