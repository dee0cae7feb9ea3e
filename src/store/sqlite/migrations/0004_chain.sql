-- The ledger as a chain: each entry's digest covers its own content and the digest of the entry before, so that a change, a
-- removal or an insertion by other hands shows. `content` is the digest of the entry's text; it stays when the entry is erased
-- because somebody asked to be forgotten, and so does the chain. Entries from before are chained by the program that migrates.
ALTER TABLE ledger ADD COLUMN content TEXT;
ALTER TABLE ledger ADD COLUMN digest TEXT;
ALTER TABLE ledger ADD COLUMN erased_at INTEGER;

-- A row in a copy that `backup` made, and nowhere else: since when the copy and the platforms may have gone apart. Whatever was
-- written after that is not in the journal, so that every write is in doubt for a while.
CREATE TABLE restored (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    since INTEGER NOT NULL
) STRICT;
