"""A bundle is taken in whole or not at all: whatever is wrong with it, nothing changes and one sentence says why."""

import asyncio
import random
import shutil
import sqlite3
import struct
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from console.store import schema
from console.store.sync import receive as receiving
from console.store.sync.bundle import Bundle, BundleWriter
from console.store.sync.givers import BundleGiver
from console.store.sync.refusal import (
    BaseMissing,
    BundleDamaged,
    ForeignSite,
    IntegrityProblem,
    KeyMismatch,
    PlaceUnusable,
    SyncRefused,
)
from console.store.sync.source import FolderSource
from tests.stores_apart import BEGIN, HOUR, Laptop, installation_of, seats, tile

DEVICES = [UUID(int=0xD0 + number) for number in range(3)]


@pytest.fixture
async def noc(tmp_path: Path) -> Laptop:
    """The founder: a site, a day of history."""
    noc = await Laptop(tmp_path / "noc", 0).begin(founder=True)
    await write_day(noc)
    return noc


@pytest.fixture
async def laptop(tmp_path: Path, noc: Laptop) -> Laptop:
    """A laptop that has everything that the NOC had, and has noted something since."""
    laptop = await Laptop(tmp_path / "laptop", 1).begin()
    await laptop.take_from(noc)
    await laptop.say([("device", str(DEVICES[0]), {"set": {"place": "B/T14"}}, BEGIN + 60)])
    return laptop


async def write_day(laptop: Laptop, first: int = 1, begin: int = HOUR) -> None:
    """Raw tiles of five hours, minutes of the day, a keyframe and a text."""
    me = laptop.origin
    tiles = [tile(me, first + at, hour=begin + at) for at in range(5)]
    tiles.append(tile(me, first + 5, level=1, hour=HOUR))
    rows: dict[Any, Any] = {
        **seats(me, DEVICES),
        schema.tile: tiles,
        schema.keyframe: [(str(me), 0, begin * 6, first + 6, b"frame")],
        schema.text_change: [(str(me), str(DEVICES[0]), "pool", BEGIN + first, "stratum", first + 7)],
    }
    await laptop.keep("2026-10", rows)


async def test_that_a_new_folder_becomes_a_copy_of_what_it_takes_in(tmp_path: Path, noc: Laptop) -> None:
    await noc.export(tmp_path / "all.bundle")
    fresh = await Laptop(tmp_path / "fresh", 1).begin()
    received = await fresh.import_bundle(tmp_path / "all.bundle")
    assert received.rows == {"raw": 5, "derived": 1, "keyframe": 1, "text": 1}
    assert [origin.name for origin in received.new_origins] == ["user0@laptop0"]
    assert received.new_origins[0].fingerprint == noc.installation.fingerprint
    assert received.offer.until == (HOUR + 5) * 3600
    mine, theirs = await fresh.dump(), await noc.dump()
    for name, rows in theirs.items():
        if name != "console origin":
            assert set(rows) <= set(mine[name]), name


async def test_that_an_incremental_bundle_holds_only_what_the_peer_lacks(
    tmp_path: Path, noc: Laptop, laptop: Laptop
) -> None:
    await write_day(noc, first=9, begin=HOUR + 5)
    await noc.say([("device", str(DEVICES[1]), {"set": {"asset": "A-7"}}, BEGIN + 90)])
    manifest = await noc.export(tmp_path / "new.bundle", since=await laptop.state())
    assert sum(part.rows for part in manifest.parts if part.kind == "raw") == 5
    assert sum(part.rows for part in manifest.parts if part.kind == "event") == 1
    received = await laptop.import_bundle(tmp_path / "new.bundle")
    assert received.events.added == 1
    # The minutes of the day were made again with a greater number, and stand in place of the old ones.
    assert received.rows == {"raw": 5, "derived": 1, "keyframe": 1, "text": 1}
    again = await noc.export(tmp_path / "nothing.bundle", since=await laptop.state())
    assert again.parts == ()


async def test_that_a_bundle_with_a_missing_base_is_refused(tmp_path: Path, noc: Laptop, laptop: Laptop) -> None:
    known = await laptop.state()
    await write_day(noc, first=9, begin=HOUR + 5)
    await noc.export(tmp_path / "second.bundle", since=known)
    await write_day(noc, first=17, begin=HOUR + 10)
    await noc.export(tmp_path / "third.bundle", since=await noc.state())
    stranger = await Laptop(tmp_path / "stranger", 2).begin()
    before = await stranger.dump()
    with pytest.raises(BaseMissing, match="--since"):
        await stranger.import_bundle(tmp_path / "second.bundle")
    assert await stranger.dump() == before


async def test_that_a_foreign_site_is_refused(tmp_path: Path, noc: Laptop) -> None:
    other = await Laptop(tmp_path / "other", 5).begin(founder=True, site=UUID(int=77))
    await other.export(tmp_path / "other.bundle")
    before = await noc.dump()
    with pytest.raises(ForeignSite, match="another site"):
        await noc.import_bundle(tmp_path / "other.bundle")
    assert await noc.dump() == before
    with pytest.raises(ForeignSite):
        await noc.export(tmp_path / "never.bundle", since=await other.state())


async def test_that_no_flipped_byte_and_no_cut_goes_unnoticed(tmp_path: Path, noc: Laptop, laptop: Laptop) -> None:
    path, bad = tmp_path / "good.bundle", tmp_path / "bad.bundle"
    await laptop.export(path)
    good = path.read_bytes()
    before = await noc.dump()
    chosen = random.Random(7)
    places = {0, 14, 15, 16, len(good) - 1, len(good) - 9, len(good) - 20, len(good) - 84}
    places |= {chosen.randrange(len(good)) for _ in range(40)}
    for place in sorted(places):
        bad.write_bytes(good[:place] + bytes([good[place] ^ 1 << chosen.randrange(8)]) + good[place + 1 :])
        with pytest.raises(SyncRefused):
            await noc.import_bundle(bad)
    for length in (0, 10, 16, 60, len(good) // 2, len(good) - 1):
        bad.write_bytes(good[:length])
        with pytest.raises(BundleDamaged):
            await noc.import_bundle(bad)
    bad.write_bytes(good + b"\0")
    with pytest.raises(BundleDamaged):
        await noc.import_bundle(bad)
    assert await noc.dump() == before
    await noc.import_bundle(path)


async def test_that_a_newer_format_is_named_as_such(tmp_path: Path, noc: Laptop, laptop: Laptop) -> None:
    path = tmp_path / "newer.bundle"
    await laptop.export(path)
    content = bytearray(path.read_bytes())
    content[15] = 2
    path.write_bytes(content)
    with pytest.raises(SyncRefused, match="newer"):
        await noc.import_bundle(path)


async def test_that_a_file_that_is_no_bundle_is_neither_read_nor_replaced(tmp_path: Path, noc: Laptop) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear NOC, the pump hums again. Regards, the night shift.")
    with pytest.raises(BundleDamaged, match="no TerraHash bundle"):
        await noc.import_bundle(path)
    with pytest.raises(SyncRefused, match="Choose another name"):
        await noc.export(path)
    assert path.read_text().startswith("Dear NOC")
    with pytest.raises(PlaceUnusable):
        await noc.import_bundle(tmp_path / "nowhere.bundle")
    assert not [one for one in await asyncio.to_thread(lambda: list(tmp_path.iterdir())) if one.name.startswith(".")]


async def test_that_absurd_sizes_are_refused_before_they_are_believed(tmp_path: Path, noc: Laptop) -> None:
    path = tmp_path / "absurd.bundle"
    await noc.export(path)
    content = path.read_bytes()
    signature, begins, length, mark = struct.unpack(">64sQI8s", content[-84:])
    for where, size in ((1 << 60, length), (begins, 0xFFFFFFFF), (0, length)):
        path.write_bytes(content[:-84] + struct.pack(">64sQI8s", signature, where, size, mark))
        with pytest.raises(BundleDamaged):
            Bundle(path)


async def test_that_nobody_signs_for_an_origin_with_another_key(tmp_path: Path, noc: Laptop, laptop: Laptop) -> None:
    """Somebody who holds a copy of a laptop's folder exports it in its name, with a key of his own."""

    await forge(laptop, tmp_path / "forged.bundle")
    before = await noc.dump()
    with pytest.raises(KeyMismatch, match="in its name"):
        await noc.import_bundle(tmp_path / "forged.bundle")
    assert await noc.dump() == before


async def forge(laptop: Laptop, path: Path) -> None:
    """Write a bundle that claims to be the laptop's, signed with a key of one's own."""
    forger = installation_of(66)
    async with FolderSource(laptop.folder) as source:
        offer = await source.offer(laptop.installation)
        exporter = msgspec.structs.replace(offer.exporter, public_key=forger.public_key.hex())
        writer = BundleWriter(path)
        async for block in source.blocks(offer):
            writer.add(block)
        writer.finish(msgspec.structs.replace(offer, exporter=exporter), "0", 0.0, forger)
        writer.close()


async def test_that_a_copied_folder_is_offered_as_somebody_elses(tmp_path: Path, noc: Laptop, laptop: Laptop) -> None:
    carrier = installation_of(9)
    manifest = await laptop.export(tmp_path / "carried.bundle", by=carrier)
    assert manifest.offer.exporter.origin is None
    assert manifest.offer.exporter.name == carrier.name
    received = await noc.import_bundle(tmp_path / "carried.bundle")
    assert received.events.added == 2


async def test_that_a_tile_that_differs_is_refused_with_its_origin_and_place(
    tmp_path: Path, noc: Laptop, laptop: Laptop
) -> None:
    await laptop.keep("2026-10", {schema.tile: [tile(noc.origin, 3, hour=HOUR + 2, body=b"rewritten")]})
    await laptop.export(tmp_path / "rewritten.bundle")
    before = await noc.dump()
    with pytest.raises(IntegrityProblem, match=rf"2026-10-05T02:00:00Z.*origin {noc.origin}"):
        await noc.import_bundle(tmp_path / "rewritten.bundle")
    assert await noc.dump() == before


async def test_that_a_seat_that_differs_is_refused(tmp_path: Path, noc: Laptop, laptop: Laptop) -> None:
    rows = seats(noc.origin, list(reversed(DEVICES)))[schema.seat]
    await laptop.keep("2026-10", {schema.seat: rows})
    await laptop.export(tmp_path / "seats.bundle")
    before = await noc.dump()
    with pytest.raises(IntegrityProblem, match="seat"):
        await noc.import_bundle(tmp_path / "seats.bundle")
    assert await noc.dump() == before


async def test_that_two_stores_that_wrote_as_one_origin_are_found_out(tmp_path: Path, noc: Laptop) -> None:
    twin_folder = tmp_path / "twin"
    shutil.copytree(noc.folder, twin_folder)
    twin = Laptop(twin_folder, 0)
    await noc.say([("device", str(DEVICES[0]), {"set": {"asset": "A"}}, BEGIN + 5)])
    await twin.say([("device", str(DEVICES[0]), {"set": {"asset": "B"}}, BEGIN + 6)])
    await twin.export(tmp_path / "twin.bundle")
    before = await noc.dump()
    with pytest.raises(IntegrityProblem, match="two stores have written as the same origin"):
        await noc.import_bundle(tmp_path / "twin.bundle")
    assert await noc.dump() == before


async def test_that_a_folder_restored_from_an_older_backup_gets_its_own_records_back(
    tmp_path: Path, noc: Laptop, laptop: Laptop
) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(noc.folder, backup)
    await write_day(noc, first=9, begin=HOUR + 5)
    await noc.say([("device", str(DEVICES[1]), {"set": {"asset": "A-7"}}, BEGIN + 90)])
    await laptop.take_from(noc)
    whole = await noc.dump()
    shutil.rmtree(noc.folder)
    shutil.copytree(backup, noc.folder)
    await laptop.export(tmp_path / "back.bundle")
    with pytest.raises(SyncRefused, match="stop its collector"):
        async with BundleGiver(tmp_path / "back.bundle") as giver:
            await noc.take(giver, running=True)
    received = await noc.import_bundle(tmp_path / "back.bundle")
    assert received.own_returned
    after = await noc.dump()
    assert all(set(rows) <= set(after[name]) for name, rows in whole.items())
    # What is written from now on is numbered above what came back.
    await noc.say([("device", str(DEVICES[1]), {"set": {"asset": "A-8"}}, BEGIN + 95)])
    state = await noc.state()
    assert state.events[str(noc.origin)] == 4
    assert state.mark("2026-10", str(noc.origin)).seq == 16
    received = await laptop.take_from(noc)
    assert received.events.added == 1


async def test_that_an_import_that_was_broken_off_is_completed_by_the_same_bundle(
    tmp_path: Path, noc: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await noc.export(tmp_path / "all.bundle")
    fresh = await Laptop(tmp_path / "fresh", 1).begin()
    done = await Laptop(tmp_path / "done", 1).begin()
    await done.import_bundle(tmp_path / "all.bundle")
    joined = receiving._join
    blocks = iter(range(100))

    def breaks_off(*arguments: Any, **named: Any) -> int:
        if next(blocks) == 5:
            raise KeyboardInterrupt
        return joined(*arguments, **named)

    monkeypatch.setattr(receiving, "_join", breaks_off)
    with pytest.raises(KeyboardInterrupt):
        await fresh.import_bundle(tmp_path / "all.bundle")
    monkeypatch.setattr(receiving, "_join", joined)
    # Some rows are there, and yet the folder does not claim to have everything up to them.
    assert (await fresh.state()).mark("2026-10", str(noc.origin)).seq == 0
    await fresh.import_bundle(tmp_path / "all.bundle")
    assert await fresh.dump() == await done.dump()
    assert (await fresh.state()).mark("2026-10", str(noc.origin)).seq == 8


async def test_that_deleted_rows_are_not_asked_for_again(tmp_path: Path, noc: Laptop, laptop: Laptop) -> None:
    """Retention takes the newest raw tiles away; what was known stays known."""
    with sqlite3.connect(laptop.folder / "history" / "2026-10.sqlite") as file:
        file.execute("DELETE FROM tile")
        file.execute("DELETE FROM text_change")
        file.execute("DELETE FROM keyframe")
    assert (await laptop.state()).mark("2026-10", str(noc.origin)).seq == 8
    assert (await noc.export(tmp_path / "new.bundle", since=await laptop.state())).parts == ()
    # A whole bundle brings them back all the same, as after a repair.
    await noc.export(tmp_path / "whole.bundle")
    assert (await laptop.import_bundle(tmp_path / "whole.bundle")).added == 8


async def test_that_an_origin_does_not_forget_how_far_it_had_counted(
    tmp_path: Path, noc: Laptop, laptop: Laptop
) -> None:
    """Retention takes the newest of its own rows away: they are nothing that a peer would have to give back."""
    with sqlite3.connect(noc.folder / "history" / "2026-10.sqlite") as file:
        file.execute("DELETE FROM tile WHERE level = 0")
        file.execute("DELETE FROM text_change")
        file.execute("INSERT INTO meta VALUES (?, '8')", (f"seq:{noc.origin}",))
    assert (await noc.state()).mark("2026-10", str(noc.origin)).seq == 8
    await laptop.export(tmp_path / "back.bundle", since=await noc.state())
    assert not (await noc.import_bundle(tmp_path / "back.bundle")).own_returned
