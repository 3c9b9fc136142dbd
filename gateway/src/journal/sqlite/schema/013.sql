-- Schema version 13: parts of files may be sealed while they are written.
ALTER TABLE files ADD COLUMN
    key_day INTEGER /* day_keys.day that the open part is sealed with; NULL: in the clear, or finished */;
