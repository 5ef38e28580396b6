"""The one session that LuxOS gives: taken for one write, and given back whatever became of it.

A session guards against two programs that change settings at once; it is no login. It ends by itself one minute after
its last use. Somebody else's session is never ended (`kill`): then there is nothing to send. Source: Luxor's
documentation, "Session management".
"""

import logging

from drivers.core.errors import DeviceError, Rejected
from drivers.core.operation import PreconditionFailed
from drivers.miners.reply import first, text
from drivers.transports.cgminer import CgminerTransport, status_of

_log = logging.getLogger(__name__)


async def write_in_session(transport: CgminerTransport, command: str, *arguments: str) -> str:
    """Log on, send one write, log off; what the miner answered to the write.

    Raises:
        PreconditionFailed: No session was to be had, and nothing was written.
        DeviceError: Of the write.
    """
    session = await _log_on(transport)
    try:
        content = await transport.tell(command, ",".join((session, *arguments)))
    finally:
        await _log_off(transport, session)
    return text(status_of(content).get("Msg")) or "accepted"


async def _log_on(transport: CgminerTransport) -> str:
    try:
        content = await transport.tell("logon")
    except Rejected as refusal:
        raise PreconditionFailed(
            f"nothing was sent: another program holds the miner's only session ({refusal.text}); it ends one minute"
            " after its last use"
        ) from refusal
    except DeviceError as error:
        raise PreconditionFailed(f"nothing was sent: no session was to be had ({error.text})") from error
    session = text(first(content, "SESSION").get("SessionID"))
    if not session or "," in session:
        raise PreconditionFailed("nothing was sent: the miner opened a session without telling its id")
    return session


async def _log_off(transport: CgminerTransport, session: str) -> None:
    try:
        await transport.tell("logoff", session)
    except DeviceError as error:
        # A miner that restarts has forgotten the session; one that is silent forgets it within a minute.
        _log.info("%s: the session was not given back: %s", transport.address, error.text)
