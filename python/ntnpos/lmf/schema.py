# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of the location server's store, as SQL: append-only, which triggers keep.

docs/location-server.md says what each column is.
"""

APPLICATION_ID = 0x6E746E70
"""In the file's header: it is a store of this program."""
VERSION = 1

TABLES = {
    "run": """id INTEGER PRIMARY KEY, started_utc_s REAL NOT NULL, settings TEXT NOT NULL,
        versions TEXT NOT NULL""",
    "assistance": "id INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, text TEXT NOT NULL",
    "measurement": """id INTEGER PRIMARY KEY, session INTEGER, ue TEXT NOT NULL, source TEXT, seq INTEGER,
        received_utc_s REAL NOT NULL, t_s REAL, kind TEXT NOT NULL, satellite TEXT NOT NULL,
        used INTEGER NOT NULL, line TEXT NOT NULL""",
    "claim": """id INTEGER PRIMARY KEY, session INTEGER, ue TEXT NOT NULL, source TEXT, seq INTEGER,
        received_utc_s REAL NOT NULL, line TEXT NOT NULL""",
    "fix": """id INTEGER PRIMARY KEY, run INTEGER NOT NULL, assistance INTEGER NOT NULL,
        session INTEGER NOT NULL, ue TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        count INTEGER NOT NULL, status TEXT NOT NULL, line TEXT NOT NULL""",
    "verdict": """id INTEGER PRIMARY KEY, run INTEGER NOT NULL, assistance INTEGER NOT NULL,
        session INTEGER NOT NULL, ue TEXT NOT NULL, claim INTEGER NOT NULL, first INTEGER NOT NULL,
        last INTEGER NOT NULL, count INTEGER NOT NULL, verdict TEXT NOT NULL, line TEXT NOT NULL""",
}
SEALED = tuple(TABLES)
TABLES["seal"] = ("id INTEGER PRIMARY KEY, " + ", ".join(f"{name} INTEGER NOT NULL" for name in SEALED)
                  + ", sha256 TEXT NOT NULL")
"""One a transaction: the last id of each table, and the digest of its rows and of the seal before."""
INDEXES = ("CREATE INDEX measurement_session ON measurement(session, id) WHERE used",
           "CREATE INDEX fix_ue ON fix(ue, id)")


def statements() -> list[str]:
    """What makes an empty store."""
    found = []
    for name, columns in TABLES.items():
        found.append(f"CREATE TABLE {name} ({columns})")
        for event in ("UPDATE", "DELETE"):
            found.append(f"CREATE TRIGGER {name}_no_{event.lower()} BEFORE {event} ON {name} "
                         f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END")
        # INSERT OR REPLACE would take a row away without the trigger above.
        found.append(f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} "
                     f"WHEN NEW.id <= (SELECT max(id) FROM {name}) "
                     f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END")
    return [*found, *INDEXES, f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {VERSION}"]
