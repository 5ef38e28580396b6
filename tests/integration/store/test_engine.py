"""What the store asks of SQLite's driver beyond what SQLAlchemy does by itself."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import func, select

from console.store import schema
from console.store.database import Database
from console.store.engine import insert_rows, open_writer

MANY = 100
"""More rows than stand in one statement."""


async def test_that_a_transaction_left_open_is_undone_before_the_next(tmp_path: Path) -> None:
    engine = open_writer(tmp_path / "some.sqlite")
    database = Database(engine, tmp_path / "some.sqlite", writable=True)
    await database.write(schema.CONSOLE.create_all)
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute_fetchall("BEGIN IMMEDIATE")
        await driver.execute_fetchall("INSERT INTO setting VALUES ('left', 'open')")
    await database.write(lambda connection: insert_rows(connection, schema.setting, [("kept", "yes")]))
    keys = await database.read(lambda connection: connection.scalars(select(schema.setting.c.key)).all())
    await database.close()
    assert keys == ["kept"]


@pytest.mark.parametrize("count", [1, 2, MANY])
async def test_that_few_and_many_rows_go_in_as_they_are_or_not_at_all(tmp_path: Path, count: int) -> None:
    database = Database(open_writer(tmp_path / "some.sqlite"), tmp_path / "some.sqlite", writable=True)
    await database.write(schema.CONSOLE.create_all)
    rows = [(f"key {number}", "value") for number in range(count)]
    await database.write(lambda connection: insert_rows(connection, schema.setting, rows))
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        await database.write(lambda connection: insert_rows(connection, schema.setting, [("new", ""), rows[-1]]))
    await database.write(lambda connection: insert_rows(connection, schema.setting, rows, "OR REPLACE"))
    total = await database.read(
        lambda connection: connection.execute(select(func.count()).select_from(schema.setting)).scalar_one()
    )
    await database.close()
    assert total == count
