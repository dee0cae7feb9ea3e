-- Public answers of the last day, by requester and template: how many a requester may get is bounded over all their tickets. A
-- row is written before its answer is sent. Who asked is a digest.
CREATE TABLE answer (
    account   TEXT    NOT NULL,
    requester TEXT    NOT NULL,
    template  TEXT    NOT NULL,
    ticket    TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (account, requester, template, ticket)
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_at ON answer (at);

-- Tickets that machines opened: they are not contacts of their requester. A table of its own, because a column of the ledger
-- would be read with the whole entry, and an index of it would read every entry of a large ledger while the store is opened.
CREATE TABLE machine_ticket (
    account   TEXT NOT NULL,
    requester TEXT NOT NULL,
    ticket    TEXT NOT NULL,
    PRIMARY KEY (account, requester, ticket)
) STRICT, WITHOUT ROWID;
