-- What the agents settled on, one row a decided ticket. Waiting for it (due_at says when to look next) or known (kept, a
-- record without ticket text). A later decision on the ticket starts the wait anew.
CREATE TABLE settling (
    account    TEXT    NOT NULL,
    ticket     TEXT    NOT NULL,
    since      INTEGER NOT NULL,
    looks      INTEGER NOT NULL DEFAULT 0 CHECK (looks >= 0),
    due_at     INTEGER,
    settled_at INTEGER,
    kept       TEXT,
    PRIMARY KEY (account, ticket),
    CHECK ((due_at IS NULL) = (settled_at IS NOT NULL)),
    CHECK ((settled_at IS NULL) OR (looks > 0))
) STRICT, WITHOUT ROWID;

CREATE INDEX settling_due ON settling (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX settling_done ON settling (settled_at) WHERE settled_at IS NOT NULL;

-- Decisions of before are looked at too.
INSERT INTO settling (account, ticket, since, due_at)
    SELECT account, ticket, max(decided_at), max(decided_at) FROM ledger WHERE decided = 1 GROUP BY account, ticket;

-- Labels that fell back to shadow because people overrode them too often. A later promotion outranks an older fall.
CREATE TABLE demotion (
    head   TEXT    NOT NULL,
    label  TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    PRIMARY KEY (head, label)
) STRICT, WITHOUT ROWID;
