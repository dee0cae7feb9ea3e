-- Who asked, as a digest: a rulebook may count a requester's tickets. Derived from the entry, so that both say the same;
-- entries from before have none.
ALTER TABLE ledger ADD COLUMN requester TEXT GENERATED ALWAYS AS (entry ->> '$.requester') VIRTUAL;

CREATE INDEX ledger_requester ON ledger (account, requester, ticket, decided_at) WHERE requester IS NOT NULL;
