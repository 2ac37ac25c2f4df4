-- What a host remembers of the tier that it shares with others: epochs, what is cleared or deleted here and not known
-- there yet, and how far their log was read. RemoteState+Rows.swift has the layouts.
CREATE TABLE remote (
    kind INTEGER NOT NULL,          -- 0: namespace, 1: function, 2: tag, 3: deleted key, 4: log
    name BLOB NOT NULL,
    key BLOB NOT NULL,
    state BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (kind, name, key)
) STRICT, WITHOUT ROWID;
