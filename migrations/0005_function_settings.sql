-- What the entries of a function may take at most, whether they are in the database at all, and when it was last used,
-- in store time (0: not known).
ALTER TABLE function ADD COLUMN max_bytes INTEGER;
ALTER TABLE function ADD COLUMN persists INTEGER NOT NULL DEFAULT 1;
ALTER TABLE function ADD COLUMN used_ms INTEGER NOT NULL DEFAULT 0;
