"""Carries out what consoles and command lines ask to be sent to devices."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from console.domain.inventory import Device
from console.link.messages import AllowPools, Answer, AskOffers, CommandEnded, GiveCommand, Offers, Reply, SetControl
from console.services.commander import Commander
from console.services.ports import StoreFull
from drivers.core.command import Capability, Command, Offer
from drivers.core.command_arguments import read_command

LARGEST_IMAGE: Final = 512 * 1024 * 1024
"""Bytes of a firmware image; the greatest that are published are about 100 MiB."""

CommandRequest = GiveCommand | SetControl | AskOffers | AllowPools


class CommandDesk:
    """The part of the desk that commands go through.

    Args:
        commander: Decides, records, and carries out.
        device: The device of an id; raises KeyError when the site has none.
        login: How a device stands with its login, in words. May block.
    """

    def __init__(self, commander: Commander, device: Callable[[UUID], Device], login: Callable[[Device], str]) -> None:
        self._commander = commander
        self._device = device
        self._login = login

    async def answer(self, request: CommandRequest) -> Reply:
        """Carry out one request; every refusal is a sentence for the operator."""
        match request:
            case GiveCommand():
                return await self._give(request)
            case SetControl():
                return await self._set_control(request)
            case AskOffers():
                return await self._offers(request)
            case AllowPools():
                return await self._allow_pools(request)

    async def _give(self, request: GiveCommand) -> CommandEnded:
        try:
            device = self._device(request.device)
            command = await _command(request.capability, request.arguments)
            record = await self._commander.give(device, command, request.actor, request.reason)
        except KeyError:
            return CommandEnded(request.request, "this site has no such device")
        except (ValueError, StoreFull) as error:
            return CommandEnded(request.request, str(error))
        return CommandEnded(request.request, record=record)

    async def _set_control(self, request: SetControl) -> Answer:
        try:
            devices = [self._device(device) for device in request.devices]
            await self._commander.enable(devices, request.enabled, request.actor, request.reason)
        except KeyError:
            return Answer(request.request, "this site has no such device; nothing was changed")
        except (ValueError, StoreFull) as error:
            return Answer(request.request, str(error))
        return Answer(request.request)

    async def _allow_pools(self, request: AllowPools) -> Answer:
        try:
            await self._commander.allow_pools(request.urls, request.allowed, request.actor, request.reason)
        except (ValueError, StoreFull) as error:
            return Answer(request.request, str(error))
        return Answer(request.request)

    async def _offers(self, request: AskOffers) -> Offers:
        commander = self._commander
        error, offers = "", dict[Capability, Offer]()
        try:
            device = self._device(request.device)
        except KeyError:
            return Offers(request.request, "this site has no such device")
        try:
            offers = dict(commander.offers(request.device))
        except LookupError as refusal:
            error = str(refusal.args[0])
        return Offers(
            request.request,
            error,
            offers,
            commander.control(request.device),
            tuple(await commander.newest(request.device)),
            tuple(sorted(commander.allowed_pools)),
            await asyncio.to_thread(self._login, device),
        )


async def _command(capability: str, arguments: Mapping[str, Any]) -> Command:
    """The command; a firmware image is read from the file that is named. Raises ValueError."""
    if "file" not in arguments:
        return read_command(capability, arguments)
    path = Path(str(arguments["file"]))
    rest = {name: value for name, value in arguments.items() if name != "file"}
    try:
        size = (await asyncio.to_thread(path.stat)).st_size
        if size > LARGEST_IMAGE:
            raise ValueError(f"{path} has {size:,} bytes: that is no firmware image")
        image = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    return read_command(capability, {**rest, "image": image, "file_name": path.name})
