-- Notes of entries that are deleted and whose rows are still there: their ids, 8 bytes each. They are taken out later,
-- many at once.
CREATE TABLE deleted (
    seq INTEGER PRIMARY KEY,
    rows BLOB NOT NULL,
    bytes INTEGER NOT NULL,         -- what the rows take, estimated
    checksum INTEGER NOT NULL
) STRICT;

-- Which notes there are, the first number and the one behind the last: none, between 1 and 1.
INSERT INTO meta VALUES ('notes', x'01000000000000000100000000000000', 8007245025313905039);
