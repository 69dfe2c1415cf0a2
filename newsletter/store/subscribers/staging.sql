-- The temporary tables of an import. PostgreSQL never vacuums them, so it empties them at each
-- commit: deleted rows would slow each later part.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_person (
    no INTEGER PRIMARY KEY,
    -- people with the same lists and tags have the same
    choice_no INTEGER NOT NULL,
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

CREATE TEMPORARY TABLE IF NOT EXISTS staged_subscription (
    choice_no INTEGER NOT NULL,
    list_no INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (choice_no, list_no, state)
) STRICT, WITHOUT ROWID /*postgres ON COMMIT DELETE ROWS*/;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_tag (
    choice_no INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- 1: the person loses the tag
    removed INTEGER NOT NULL,
    PRIMARY KEY (choice_no, name)
) STRICT, WITHOUT ROWID /*postgres ON COMMIT DELETE ROWS*/;

-- people who are not imported: the reason of their suppression, or that they left
CREATE TEMPORARY TABLE IF NOT EXISTS staged_away (
    person_no INTEGER PRIMARY KEY,
    why TEXT NOT NULL
) STRICT /*postgres ON COMMIT DELETE ROWS*/;

-- people who are subscribers already
CREATE TEMPORARY TABLE IF NOT EXISTS staged_number (
    person_no INTEGER PRIMARY KEY,
    choice_no INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL
) STRICT /*postgres ON COMMIT DELETE ROWS*/;
