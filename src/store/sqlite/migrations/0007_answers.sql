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

-- What kind of machine a ticket came from: such tickets are no contacts of their requester.
ALTER TABLE ledger ADD COLUMN machine TEXT GENERATED ALWAYS AS (entry ->> '$.machine.mail') VIRTUAL;

DROP INDEX ledger_requester;
CREATE INDEX ledger_requester ON ledger (account, requester, ticket, machine, decided_at) WHERE requester IS NOT NULL;
