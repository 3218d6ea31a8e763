"""The tables of a study's file, and how older files are brought up to date."""

import sqlite3

MIGRATION_SET = "hpo_tui"

NUMBER, TRUTH, TEXT = "number", "truth", "text"
"""What the column of a parameter holds; text stands for choices of any kinds that hold text."""

_FIRST = """
CREATE TABLE study (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
    seed INTEGER NOT NULL, created REAL NOT NULL, started REAL, ended REAL,
    revision INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE columns (
    kind TEXT NOT NULL CHECK (kind IN ('p', 'm')), name TEXT NOT NULL, id INTEGER NOT NULL,
    column TEXT NOT NULL UNIQUE, holds TEXT NOT NULL DEFAULT 'number',
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE trials (
    number INTEGER PRIMARY KEY, configuration INTEGER NOT NULL, task TEXT NOT NULL,
    state TEXT NOT NULL, cost REAL NOT NULL, charged REAL NOT NULL DEFAULT 0, resumed_from INTEGER,
    repeat INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 1,
    why TEXT NOT NULL DEFAULT '{}', reason TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL, started REAL, ended REAL, duration REAL,
    pid INTEGER, pid_started REAL, device TEXT NOT NULL DEFAULT '', peak_memory INTEGER,
    utilization REAL, exit_code INTEGER, step INTEGER,
    report_offset INTEGER NOT NULL DEFAULT 0, report_seq INTEGER NOT NULL DEFAULT 0,
    teaches INTEGER NOT NULL DEFAULT 0, starred INTEGER NOT NULL DEFAULT 0,
    tags TEXT NOT NULL DEFAULT '[]', note TEXT NOT NULL DEFAULT '', rev INTEGER NOT NULL
);
CREATE INDEX trials_rev ON trials (rev);
CREATE INDEX trials_state ON trials (state) WHERE state IN ('waiting', 'running');
CREATE TABLE reports (
    trial INTEGER NOT NULL, seq INTEGER NOT NULL, metric INTEGER NOT NULL, step INTEGER, value REAL,
    PRIMARY KEY (trial, seq, metric)
) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL, trial INTEGER,
    text TEXT NOT NULL, data TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE commands (
    id INTEGER PRIMARY KEY, asked REAL NOT NULL, action TEXT NOT NULL,
    args TEXT NOT NULL DEFAULT '{}', taken REAL, answered REAL, ok INTEGER,
    answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX commands_open ON commands (id) WHERE answered IS NULL;
CREATE TABLE devices (
    time REAL NOT NULL, device TEXT NOT NULL, name TEXT NOT NULL, memory_used INTEGER NOT NULL,
    memory_total INTEGER NOT NULL, utilization REAL, trials TEXT NOT NULL DEFAULT '[]',
    foreign_used INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (device, time)
) WITHOUT ROWID;
CREATE TABLE optimizer (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated REAL NOT NULL)
    WITHOUT ROWID;
"""


_STEPS = ("0001_first", "0002_wasted", "0003_events_of_trials")
"""The steps that this version knows, in order."""


class NewerFileError(sqlite3.DatabaseError):
    """The file has steps that this version does not know: what they mean cannot be told."""


def check_known(conn: sqlite3.Connection) -> set[str]:
    """Return the steps that have been taken.

    Raises :class:`NewerFileError` if a newer version has brought the file further than this one
    knows: to write into a table that means something else by now would spoil it for both.
    """
    found = conn.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'")
    if found.fetchone() is None:
        return set()
    cursor = conn.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (MIGRATION_SET,)
    )
    taken = {name for (name,) in cursor.fetchall()}
    if not taken.issubset(_STEPS):
        raise NewerFileError("a newer version of hpo-tui has written it")
    return taken


def migrate(conn: sqlite3.Connection) -> None:
    """Bring the file behind ``conn`` to the present schema, in one transaction.

    Of several that do so at once the first does, the others find it done. Raises
    :class:`NewerFileError` if the file is further than that.
    """
    if check_known(conn).issuperset(_STEPS):
        return
    # sqlite_utils takes a tenth of a second to import, most of one where pandas is installed: only
    # who makes a file, or brings one up to date, pays that.
    from sqlite_utils import Database, Migrations

    migrations = Migrations(MIGRATION_SET)

    @migrations(name=_STEPS[0])
    def first(db: Database) -> None:
        for statement in _FIRST.split(";"):
            if statement.strip():
                db.conn.execute(statement)

    @migrations(name=_STEPS[1])
    def wasted(db: Database) -> None:
        db.conn.execute("ALTER TABLE trials ADD COLUMN wasted REAL NOT NULL DEFAULT 0")

    @migrations(name=_STEPS[2])
    def events_of_trials(db: Database) -> None:
        # Else all events are gone through for those of one trial: 11 ms with 50 000 trials.
        db.conn.execute("CREATE INDEX events_trial ON events (trial) WHERE trial IS NOT NULL")

    database = Database(conn)
    if not migrations.pending(database):
        return
    conn.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(database)
        conn.execute("COMMIT")
    except BaseException:
        conn.rollback()
        raise


DEVICE_NAMES = """
WITH RECURSIVE names (device) AS (
    SELECT min(device) FROM devices UNION ALL
    SELECT (SELECT min(device) FROM devices WHERE device > names.device) FROM names
    WHERE device IS NOT NULL
)"""
"""Begins a query with the devices that there are samples of, found by leaps over these: there can
be hundreds of thousands, of a handful of devices. NULL is among the names, last."""


def quoted(identifier: str) -> str:
    """Return ``identifier`` as a quoted SQL name, whatever characters it holds."""
    return '"' + identifier.replace('"', '""') + '"'


def wasted_column(conn: sqlite3.Connection) -> str:
    """Return what stands for the column ``wasted`` in SQL: a file of the first schema lacks it.

    No runner has opened such a file since.
    """
    sql = "SELECT 1 FROM pragma_table_info('trials') WHERE name = 'wasted'"
    return "0.0" if conn.execute(sql).fetchone() is None else "wasted"
