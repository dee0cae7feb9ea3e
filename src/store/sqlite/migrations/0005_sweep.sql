-- How far each platform was looked through for tickets whose webhook never came: everything opened before is in the inbox or was.
CREATE TABLE sweep (
    account TEXT    NOT NULL PRIMARY KEY,
    mark    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
