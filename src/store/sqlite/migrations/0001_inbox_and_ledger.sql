-- The inbox, its lanes, the journal and the ledger. Times are microseconds since the Unix epoch.

-- One row a delivery. A settled row stays behind without its body: it recognises a delivery that comes again.
-- AUTOINCREMENT, because a dropped dead letter's number must never be given to another delivery.
CREATE TABLE inbox (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    account      TEXT    NOT NULL,
    delivery_id  TEXT    NOT NULL,
    order_key    TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'claimed', 'settled', 'dead')),
    -- Counts the claims of this delivery; the newest one fences out every earlier one.
    epoch        INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    notice       TEXT,
    received_at  INTEGER NOT NULL,
    settled_at   INTEGER,
    died_at      INTEGER,
    reason       TEXT,
    last_failure TEXT,
    body         BLOB,
    UNIQUE (account, delivery_id),
    CHECK (state <> 'claimed' OR epoch > 0),
    CHECK ((state = 'settled') = (settled_at IS NOT NULL)),
    CHECK ((state = 'settled') = (body IS NULL)),
    CHECK (state <> 'settled' OR (notice IS NULL AND last_failure IS NULL)),
    CHECK ((state = 'dead') = (died_at IS NOT NULL)),
    CHECK ((state = 'dead') = (reason IS NOT NULL))
) STRICT;

CREATE INDEX inbox_pending ON inbox (order_key, seq) WHERE state = 'pending';
CREATE INDEX inbox_claimed ON inbox (seq) WHERE state = 'claimed';
CREATE INDEX inbox_dead    ON inbox (seq) WHERE state = 'dead';

-- One row a ticket with work: its head is the claimed delivery, or the oldest pending one. visible_at is at once the
-- end of the head's lease, the end of a postponement and, for fresh work, when it was kept: claiming is one look-up in
-- an index, however much waits.
CREATE TABLE lane (
    order_key  TEXT    NOT NULL PRIMARY KEY,
    head       INTEGER NOT NULL,
    visible_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX lane_due ON lane (visible_at, head);

-- Writes about to be sent for unsettled deliveries; forgotten with the delivery's body.
CREATE TABLE journal (
    id    INTEGER PRIMARY KEY,
    seq   INTEGER NOT NULL REFERENCES inbox (seq) ON DELETE CASCADE,
    at    INTEGER NOT NULL,
    entry TEXT    NOT NULL
) STRICT;

CREATE INDEX journal_seq ON journal (seq);

CREATE TABLE ledger (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    decided_at INTEGER NOT NULL,
    account    TEXT    NOT NULL,
    ticket     TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    -- Whether it tells later deliveries of the ticket something: a decision, or a version we wrote.
    decided    INTEGER NOT NULL CHECK (decided IN (0, 1)),
    entry      TEXT    NOT NULL
) STRICT;

CREATE INDEX ledger_since  ON ledger (decided_at);
CREATE INDEX ledger_ticket ON ledger (account, ticket, decided);

-- What a probe writes to.
CREATE TABLE probe (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    beats INTEGER NOT NULL
) STRICT;

INSERT INTO probe (id, beats) VALUES (1, 0);
