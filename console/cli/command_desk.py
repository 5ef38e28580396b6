"""What `command` reads from a folder, and the decisions that it can write there when no collector runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from console.cli.incident_desk import ENVIRONMENT, DeskError
from console.domain.inventory import Device, Site
from console.link.messages import AllowPools, Request, SetControl
from console.services.commander import Commander, CommandRefused
from console.services.ports import StoreFull
from console.store.engine import StoreError
from console.store.lock import FolderLock
from console.store.site_store import SiteStore
from console.support.clock import SystemClock
from drivers.core.command import Operable


@dataclass(frozen=True, slots=True)
class Decision:
    """Who or what may be commanded from now on: `action` is one of enable, disable, allow-pool, forbid-pool."""

    action: str
    subjects: tuple[str, ...]
    actor: str
    reason: str

    @property
    def is_on_pools(self) -> bool:
        """Whether it is about pools rather than devices."""
        return self.action.endswith("pool")

    @property
    def allows(self) -> bool:
        """Whether it allows rather than forbids."""
        return self.action in {"enable", "allow-pool"}

    def request(self, number: int, devices: Sequence[Device]) -> Request:
        """The same as a request to a collector."""
        if self.is_on_pools:
            return AllowPools(number, self.subjects, self.allows, self.actor, self.reason)
        return SetControl(number, tuple(device.id for device in devices), self.allows, self.actor, self.reason)


async def site_of(folder: Path) -> Site:
    """The site of a folder, beside a running collector or alone; raises DeskError."""
    try:
        store = await SiteStore.open(folder, read_only=True)
        try:
            return await store.site()
        finally:
            await store.close()
    except StoreError as error:
        raise DeskError(str(error), ENVIRONMENT) from error


async def decide_directly(folder: Path, decision: Decision, devices: Sequence[Device]) -> None:
    """Write a decision into a folder that nobody serves; raises DeskError, FolderBusy."""
    with FolderLock(folder, f"command {decision.action}"):
        try:
            store = await SiteStore.open(folder)
        except (StoreError, StoreFull) as error:
            raise DeskError(str(error), ENVIRONMENT) from error
        try:
            commander = Commander(store.command_log, SystemClock(), _nobody_polls)
            await commander.restore()
            if decision.is_on_pools:
                await commander.allow_pools(decision.subjects, decision.allows, decision.actor, decision.reason)
            else:
                await commander.enable(devices, decision.allows, decision.actor, decision.reason)
        except CommandRefused as error:
            raise DeskError(str(error)) from error
        except StoreFull as error:
            raise DeskError(str(error), ENVIRONMENT) from error
        finally:
            await store.close()


def _nobody_polls(_device: UUID) -> Operable:
    raise LookupError("no collector polls this device")
