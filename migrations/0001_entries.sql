-- Integers inside of blobs are little-endian. Every checksum is an XXH64.

-- What the daemon knows beside its entries: seeds, clock, totals, the next numbers to give out.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A memoized function: the profile that its entries share.
CREATE TABLE function (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,         -- a uid, or -1: everyone
    name BLOB NOT NULL,
    maxsize INTEGER,                -- null: unbounded
    ttl_ms INTEGER,
    stale_ms INTEGER,
    typed INTEGER NOT NULL,
    defined INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    saved_ms INTEGER NOT NULL,
    evictions INTEGER NOT NULL,
    expirations INTEGER NOT NULL,
    cleared_below INTEGER NOT NULL, -- entries with a smaller id were cleared
    checksum INTEGER NOT NULL,
    UNIQUE (owner, name)
) STRICT;

CREATE TABLE tag (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    name BLOB NOT NULL,
    cleared_below INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (owner, name)
) STRICT;

-- An entry is a row here and a row in content under the same id. Ids only grow, so both tables are appended
-- to and neither has an index. Here stands what the directory in memory is made of: reading all of it at
-- start costs tens of bytes an entry, however large the values are.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    head BLOB NOT NULL              -- EntryRecord.swift has the layout
) STRICT;

CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    meta BLOB NOT NULL,             -- times, cost, the writer's uid, tags: ContentRecord.swift
    shared INTEGER,                 -- the row of shared_value that has the value, or null: it is here
    key BLOB NOT NULL,
    value BLOB
) STRICT;

-- Values that several entries have in common, under the id of the entry that first shared them.
CREATE TABLE shared_value (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;

-- How many entries share a value: apart, so that counting does not rewrite the value.
CREATE TABLE shared_use (
    id INTEGER PRIMARY KEY,
    uses INTEGER NOT NULL
) STRICT;

-- The journal of uses: ids of entries, 8 bytes each, in the order of their last use, oldest first. An id that
-- comes again later was used again.
CREATE TABLE uses (
    seq INTEGER PRIMARY KEY,
    rows BLOB NOT NULL
) STRICT;
