-- Ids of entries that are deleted and whose rows are still there, 8 bytes each: they are taken out later, many at
-- once. meta says which of these notes are valid.
CREATE TABLE deleted (
    seq INTEGER PRIMARY KEY,
    rows BLOB NOT NULL,
    bytes INTEGER NOT NULL,         -- what the rows take, estimated
    checksum INTEGER NOT NULL
) STRICT;
