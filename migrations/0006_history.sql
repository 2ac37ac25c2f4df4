-- What was counted over time. A row is a block of steps of one length, its points as HistoryBlock.swift encodes them;
-- with level 0 it is the counters that the blocks reach up to.
CREATE TABLE history (
    subject INTEGER NOT NULL,       -- 0: everything; a function's id; -1 less a uid: that owner's functions
    level INTEGER NOT NULL,         -- 1: minutes, 2: hours, 3: days
    start INTEGER NOT NULL,         -- wall time of the first step, ms
    points BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (subject, level, start)
) STRICT, WITHOUT ROWID;
