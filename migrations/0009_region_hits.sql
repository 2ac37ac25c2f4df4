-- Those of a function's hits that clients read from published memory.
ALTER TABLE function ADD COLUMN region_hits INTEGER NOT NULL DEFAULT 0;
