"""Shared by the integration tests: a small live site in a folder of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from tests.integration.live_site import Place, live_site


@pytest.fixture(autouse=True, scope="session")
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Processes that tests start keep their bytecode, also where the environment forbids it: dozens of them start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        yield


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """24 miners, 2 PDUs, 2 plants and 2 meters at four times the speed of time, and no fault."""
    async with live_site(tmp_path, demo_site(24, ports=Ports.free(), story=False, speed=4.0)) as made:
        yield made


@pytest.fixture
async def busy_place(tmp_path: Path) -> AsyncIterator[Place]:
    """200 miners with their PDUs, plants and meters: some fifty polls a second."""
    async with live_site(tmp_path, demo_site(200, ports=Ports.free(), story=False, speed=4.0)) as made:
        yield made
