-- Hits that clients computed again: how many, how many of them differed, and what differed lately.
ALTER TABLE function ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE function ADD COLUMN mismatched INTEGER NOT NULL DEFAULT 0;
CREATE TABLE mismatch (
    number INTEGER PRIMARY KEY,     -- in the order in which they came
    function INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- wall time, ms
    digest BLOB NOT NULL,           -- UTF-8, as the two values
    kept BLOB NOT NULL,
    computed BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
