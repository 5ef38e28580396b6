"""The policy that a site folder has: its own, or the default for its size."""

from contextlib import closing
from pathlib import Path

import msgspec

from console.store.care.folder import CONSOLE_FILE
from console.store.care.policy import SETTING, Policy, default_policy, store_policy
from console.store.database import Database
from console.store.engine import StoreError, connect_reader, open_writer


def policy_of(folder: Path) -> Policy:
    """How long the folder keeps its history; works beside a collector. Raises `StoreError`."""
    console = folder / CONSOLE_FILE
    if not console.exists():
        raise StoreError(f"{folder} is no site folder: it has no {CONSOLE_FILE}.")
    with closing(connect_reader(console)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "setting" in tables:
            found = connection.execute("SELECT value FROM setting WHERE key = ?", (SETTING,)).fetchone()
            if found is not None:
                return _decoded(found[0], console)
        return default_policy(int(connection.execute("SELECT count(*) FROM device").fetchone()[0]))


def _decoded(value: str, console: Path) -> Policy:
    try:
        return msgspec.json.decode(value, type=Policy)
    except msgspec.DecodeError as error:
        raise StoreError(f"How long {console} keeps its history cannot be read ({error}): save it anew.") from error


async def keep_policy(folder: Path, policy: Policy) -> None:
    """Keep a policy in the folder's settings. The caller holds the folder's lock. Raises `StoreFull`, `StoreError`."""
    path = folder / CONSOLE_FILE
    database = Database(open_writer(path), path, writable=True)
    try:
        await database.write(lambda connection: store_policy(connection, policy))
    finally:
        await database.close()
