"""A stock Antminer's web interface: CGI pages behind a digest login, on one kept connection."""

import time
from collections.abc import Mapping
from typing import Final

import orjson

from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import Malformed, Unsupported
from drivers.core.identity import Address
from drivers.miners.reply import Fields, text
from drivers.transports.cgminer import Answers
from drivers.transports.http import HttpAnswer, HttpTransport

PORT: Final = 80
REALM: Final = "antminer configuration"
"""What the login is asked for, in lower case: told to anybody, and by no other maker."""
READ_DEADLINE_S: Final = 2.0
"""For one page. A miner whose web server is slower is read over its text protocol."""
WRITE_DEADLINE_S: Final = 60.0
"""`set_miner_conf.cgi` of an S19j Pro was seen to take 21 s."""
UPLOAD_DEADLINE_S: Final = 900.0
_PAGE_TYPE: Final = "text/plain;charset=UTF-8"
"""What the device's own pages send with their JSON; some firmware takes no other."""
_SERIALS: Final = ("serinum", "serial_no")
_SECTION: Final = {"stats": "STATS", "summary": "SUMMARY", "pools": "POOLS"}


class AntminerWeb:
    """Asks one miner's web interface with the login that was set for it.

    Attributes:
        address: The web server.
    """

    def __init__(self, address: Address, login: Login) -> None:
        self.address = address
        self._login = login
        self._place = str(address)
        self._reading = HttpTransport(address, deadline=READ_DEADLINE_S)
        self._info: Fields | None = None

    async def read(self, tier: Tier) -> Answers:
        """`stats`, and for a full poll `summary` and `pools`, of which either may be missing.

        Raises:
            DeviceError: `Refused` when the login is not taken, `Unsupported` when the firmware has no such pages.
        """
        names = ("stats",) if tier is Tier.FAST else ("stats", "summary", "pools")
        sections: dict[str, Mapping[str, object]] = {}
        any_repaired = False
        asked, answered = time.time(), 0.0
        for name in names:
            try:
                answer, content, repaired = await self._section(name)
            except (Unsupported, Malformed):
                if name == "stats":
                    raise
                continue  # one page that this firmware lacks or garbles; the others tell the most
            sections[name] = content
            any_repaired |= repaired
            answered = answer.answered
        return Answers(sections, any_repaired, asked, answered)

    async def _section(self, name: str) -> tuple[HttpAnswer, Fields, bool]:
        answer = await self._get(name)
        content, repaired = answer.repaired_json()
        if _SECTION[name] not in content:
            raise Malformed(self._place, f"{name}.cgi holds no {_SECTION[name]}", answer.body)
        return answer, content, repaired

    async def system_info(self) -> Fields:
        """Model, MAC, serial number and firmware; asked once. Raises a `DeviceError`."""
        if self._info is None:
            self._info = (await self._get("get_system_info")).json()
        return self._info

    async def page(self, name: str) -> Fields:
        """A page as a JSON object. Raises a `DeviceError`."""
        return (await self._get(name)).json()

    async def post(self, name: str, content: Mapping[str, object]) -> Fields:
        """Send one write; what was answered, empty where that is no JSON. Raises a `DeviceError`."""
        return await self._write(name, orjson.dumps(content), _PAGE_TYPE, WRITE_DEADLINE_S)

    async def upload(self, name: str, image: bytes, file_name: str) -> Fields:
        """Send a file as a browser's form does. Raises a `DeviceError`."""
        boundary = b"----terrahash-firmware-image"
        while boundary in image:
            boundary += b"-"
        safe = "".join(letter for letter in file_name if letter.isprintable() and letter not in '"\\')
        head = b'--%b\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n' % (boundary, safe.encode())
        body = b"%bContent-Type: application/octet-stream\r\n\r\n%b\r\n--%b--\r\n" % (head, image, boundary)
        return await self._write(name, body, f"multipart/form-data; boundary={boundary.decode()}", UPLOAD_DEADLINE_S)

    def forget(self) -> None:
        """Ask for the system's facts anew the next time."""
        self._info = None

    async def close(self) -> None:
        """Close the connection."""
        await self._reading.close()

    async def _get(self, name: str) -> HttpAnswer:
        path = f"/cgi-bin/{name}.cgi"
        answer = await self._reading.ask("GET", path, digest=self._login)
        if answer.status == 404:
            raise Unsupported(self._place, f"the firmware has no page {path}", answer.body)
        if answer.status != 200:
            raise Malformed(self._place, f"{path} answered HTTP {answer.status}", answer.body)
        return answer

    async def _write(self, name: str, body: bytes, content_type: str, deadline: float) -> Fields:
        path = f"/cgi-bin/{name}.cgi"
        transport = HttpTransport(self.address, deadline=deadline)
        try:
            answer = await transport.ask("POST", path, body=body, content_type=content_type, digest=self._login)
        finally:
            await transport.close()
        if answer.status == 404:
            raise Unsupported(self._place, f"the firmware has no page {path}", answer.body)
        if answer.status != 200:
            raise Malformed(self._place, f"{path} answered HTTP {answer.status}", answer.body)
        try:
            return answer.json()
        except Malformed:
            return {"answer": text(answer.body.decode("utf-8", "replace"))}


def serial_of(info: Fields) -> str:
    """The miner's own serial number in its system info; a row of zeros is none."""
    found = next((serial for key in _SERIALS if (serial := text(info.get(key)))), "")
    return found if found.strip("0") else ""
