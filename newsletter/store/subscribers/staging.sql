-- The temporary tables of an import. PostgreSQL never vacuums them, so it empties them at each
-- commit: deleted rows would slow each later part.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_person (
    no INTEGER PRIMARY KEY,
    address_hash BLOB NOT NULL UNIQUE,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    timezone TEXT NOT NULL,
    consent TEXT NOT NULL,
    place TEXT NOT NULL,
    outlet TEXT NOT NULL,
    beat TEXT NOT NULL,
    phone TEXT NOT NULL,
    notes TEXT NOT NULL,
    paused_until INTEGER,
    -- the position in the file
    stands_at TEXT NOT NULL
) STRICT /*postgres ON COMMIT DELETE ROWS*/;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_list (
    no INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- NULL until the import
    list_id INTEGER
) STRICT /*postgres ON COMMIT DELETE ROWS*/;

-- in the order of the keys of the real tables, so that those grow only at their ends
CREATE TEMPORARY TABLE IF NOT EXISTS staged_subscription (
    list_no INTEGER NOT NULL,
    person_no INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (list_no, person_no, state)
) STRICT, WITHOUT ROWID /*postgres ON COMMIT DELETE ROWS*/;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_tag (
    name TEXT NOT NULL,
    person_no INTEGER NOT NULL,
    -- 1: the person loses the tag
    removed INTEGER NOT NULL,
    PRIMARY KEY (name, person_no)
) STRICT, WITHOUT ROWID /*postgres ON COMMIT DELETE ROWS*/;

-- people who are not imported: the reason of their suppression, or that they left
CREATE TEMPORARY TABLE IF NOT EXISTS staged_away (
    person_no INTEGER PRIMARY KEY,
    why TEXT NOT NULL
) STRICT /*postgres ON COMMIT DELETE ROWS*/;

-- people who are subscribers already
CREATE TEMPORARY TABLE IF NOT EXISTS staged_number (
    person_no INTEGER PRIMARY KEY,
    subscriber_id INTEGER NOT NULL
) STRICT /*postgres ON COMMIT DELETE ROWS*/;
