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

-- The kind of machine that a ticket came from: such tickets are not contacts of their requester. It is read for the few
-- tickets of one requester and is in no index: making one would read every entry of a large ledger while the store is opened.
ALTER TABLE ledger ADD COLUMN machine TEXT GENERATED ALWAYS AS (entry ->> '$.machine.mail') VIRTUAL;
