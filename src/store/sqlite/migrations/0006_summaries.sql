-- What the figures need of each decision, in a few hundred bytes beside an entry of several kilobytes. Derived from the entry:
-- nothing of it is in the chain, and all of it can be made again. Entries from before are summarised by a running program, the
-- newest first, a few at a time: `summarised` says from which entry on that is done.
CREATE TABLE bundle_labels (
    id     INTEGER PRIMARY KEY,
    digest TEXT    NOT NULL UNIQUE,
    model  TEXT    NOT NULL,
    labels TEXT    NOT NULL
) STRICT;

CREATE TABLE summary (
    id         INTEGER PRIMARY KEY,
    decided_at INTEGER NOT NULL,
    account    TEXT    NOT NULL,
    ticket     TEXT    NOT NULL,
    bundle     INTEGER NOT NULL REFERENCES bundle_labels (id),
    wrote      INTEGER NOT NULL CHECK (wrote IN (0, 1)),
    challenged INTEGER NOT NULL CHECK (challenged IN (0, 1)),
    summary    TEXT    NOT NULL
) STRICT;

CREATE INDEX summary_wrote ON summary (id) WHERE wrote = 1;
CREATE INDEX summary_challenged ON summary (id) WHERE challenged = 1;

CREATE TABLE summarised (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    from_id INTEGER NOT NULL
) STRICT;

INSERT INTO summarised (id, from_id) SELECT 1, coalesce(max(id), 0) + 1 FROM ledger;

-- The decision that a ticket's settled values are compared with: its last one that has a summary.
ALTER TABLE settling ADD COLUMN decision INTEGER;
