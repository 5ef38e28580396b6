"""The tables as they are today; `migrations` says how a file comes to have them.

`console.sqlite` holds what people enter and decide; `history/<yyyy-mm>.sqlite` holds samples of one UTC month and can
be copied, moved or deleted alone, so it carries its own registry of series.
"""

from sqlalchemy import BLOB, Column, Float, Integer, MetaData, Table, Text

CONSOLE = MetaData()
"""Tables of console.sqlite."""

meta = Table("meta", CONSOLE, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
"""`schema` is the version of the file; `origin` the UUID of the installation that made it."""

site = Table(
    "site",
    CONSOLE,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("rated_mw", Float, nullable=False),
    Column("target_hashrate", Float, nullable=False),
    Column("contract", Text),
    Column("credentials", Text),
)

device = Table(
    "device",
    CONSOLE,
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("unit", Integer, nullable=False),
    Column("profile", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("mac", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("snmp", Text),
    Column("login", Text, nullable=False),
    Column("web_port", Integer, nullable=False),
)

alias = Table(
    "alias",
    CONSOLE,
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("device", Text, nullable=False),
)
"""What a device was once known by (serial, mac, name, address) and the UUID that goes with it; never deleted."""

loop = Table(
    "loop",
    CONSOLE,
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("plant", Text, nullable=False),
    Column("cools", Text, nullable=False),
)

feed = Table(
    "feed",
    CONSOLE,
    Column("position", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("verified", Text),
)

link = Table(
    "link",
    CONSOLE,
    Column("position", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
)

event = Table(
    "event",
    CONSOLE,
    Column("origin", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("hlc", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("body", BLOB, nullable=False),
    Column("previous", BLOB, nullable=False),
    Column("hash", BLOB, nullable=False),
)
"""Append-only; everything that two stores merge besides samples. `seq` counts 1, 2, 3 for each origin; `hlc` orders
events of all origins; `hash` covers the row and `previous`, the hash of the same origin's event before."""

origin = Table(
    "origin",
    CONSOLE,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("public_key", BLOB, nullable=False),
    Column("founder", Integer, nullable=False),
    Column("first_seen", Float, nullable=False),
)
"""Every installation whose events or tiles stand here: its name, its Ed25519 key, and whether it made the site."""

snapshot = Table(
    "snapshot",
    CONSOLE,
    Column("hour", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("body", BLOB, nullable=False),
)
"""Alarms and incidents as they stood at the begin of an hour; worked out from the events, and never merged."""

conflict = Table(
    "conflict",
    CONSOLE,
    Column("id", Text, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("kept", BLOB, nullable=False),
    Column("dropped", BLOB, nullable=False),
)
"""Two edits that did not know of each other: what stands, and what was set aside. Worked out from the events."""

setting = Table("setting", CONSOLE, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
"""Settings of this folder alone, such as how long history is kept; never merged."""

incident = Table(
    "incident",
    CONSOLE,
    Column("id", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("open", Integer, nullable=False),
)
"""One row for each incident: its number, unique among those of the origin that gave it, and whether it is open."""

alarm = Table(
    "alarm",
    CONSOLE,
    Column("id", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("standing", Integer, nullable=False),
    Column("onset_at", Float, nullable=False),
    Column("cleared_at", Float),
    Column("first_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("body", BLOB, nullable=False),
)
"""One row for each alarm as it stands; `first_at` and `changed_at` are the times of its first and last event."""

gap = Table(
    "gap",
    CONSOLE,
    Column("start", Float, primary_key=True),
    Column("stop", Float, nullable=False),
    Column("reason", Text, nullable=False),
)

alive = Table("alive", CONSOLE, Column("id", Integer, primary_key=True), Column("at", Float, nullable=False))
"""One row: when the collector last said that it was running."""

HISTORY = MetaData()
"""Tables of a month of history."""

history_meta = Table("meta", HISTORY, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

point = Table(
    "point",
    HISTORY,
    Column("name", Text, primary_key=True),
    Column("scale", Float, nullable=False),
    sqlite_with_rowid=False,
)
"""Steps per unit: a stored integer divided by this is the value."""

layout = Table("layout", HISTORY, Column("id", Integer, primary_key=True), Column("signals", Text, nullable=False))
"""What one device reports, in order; the id is a hash of the content, so equal layouts share one row."""

shard = Table(
    "shard",
    HISTORY,
    Column("origin", Text, primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("period_ms", Integer, nullable=False),
)
"""Devices of one stored period that share head rows and tiles."""

seat = Table(
    "seat",
    HISTORY,
    Column("origin", Text, primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("seat", Integer, primary_key=True),
    Column("device", Text, nullable=False),
    Column("layout", Integer, nullable=False),
)
"""A device's place in a shard. Rows are only ever added, so the rank of a series among its point never changes."""

head = Table(
    "head",
    HISTORY,
    Column("shard", Integer, primary_key=True),
    Column("window", Integer, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("body", BLOB, nullable=False),
    sqlite_with_rowid=False,
)
"""One sweep of one shard, until its window (of 600 s since the epoch) is full. Only of this file's own origin."""

part = Table(
    "part",
    HISTORY,
    Column("level", Integer, primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("point", Text, primary_key=True),
    Column("chunk", Integer, primary_key=True),
    Column("window", Integer, primary_key=True),
    Column("body", BLOB, nullable=False),
    sqlite_with_rowid=False,
)
"""One window of what becomes a tile when its hour (level 0) or day (level 1) is over. Only of the file's own origin."""

tile = Table(
    "tile",
    HISTORY,
    Column("level", Integer, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("point", Text, primary_key=True),
    Column("chunk", Integer, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("rev", Integer, primary_key=True),
    Column("hash", BLOB, nullable=False),
    Column("body", BLOB, nullable=False),
    Column("seq", Integer, nullable=False),
)
"""Up to 256 series (of level 1: 64) of one point over one span that begins with `hour`. Level 0, the stored period, is
immutable: late samples become another `rev`. Coarser levels are worked out from it by their own origin, which may write
them anew with a greater `seq`. `hash` (BLAKE2b-128 of the body) is what merging compares; `seq` counts an origin's rows
in this file, those of `keyframe` and `text_change` too."""

keyframe = Table(
    "keyframe",
    HISTORY,
    Column("origin", Text, primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("window", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("body", BLOB, nullable=False),
)
"""The newest of every series of a shard at the end of a window. Worked out from the samples."""

text_change = Table(
    "text_change",
    HISTORY,
    Column("origin", Text, primary_key=True),
    Column("device", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("at", Float, primary_key=True),
    Column("value", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""A text that a device reports (pool, worker, firmware), whenever it became another one."""
