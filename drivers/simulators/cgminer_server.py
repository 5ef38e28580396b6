"""The miners' API on port 4028's stand-in: one question, one reply, end of connection.

A site of 20,000 miners is asked thousands of times a second, so this works on bare sockets: the kernel hands over a
connection together with its question, and most polls are done in the one callback that accepted them.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Mapping, Sequence

import orjson

from drivers.simulators.cgminer_replies import Replies
from drivers.simulators.conduct import Manner
from drivers.simulators.loopback import is_loopback
from drivers.simulators.manners import Manners

LOGGER = logging.getLogger(__name__)
LONGEST_QUESTION = 65536
QUESTION_SECONDS = 3.0
HOLD_SECONDS = 60.0
"""A connection that will never get an answer is let go after this."""
ACCEPTS_AT_ONCE = 64
OUT_OF_FILES_PAUSE = 0.2
_RESET = struct.pack("ii", 1, 0)
_KNOWN_QUESTIONS = 4096
_AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)
"""Spares the call that makes a socket non-blocking, where the system has it."""


def _reset(connection: socket.socket) -> None:
    """Close with a reset, as a host without that service does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()


class CgminerServer:
    """Serves all miners of a site on sockets that somebody else opened and closes with `close`.

    Args:
        sockets: Listening, non-blocking.
        miners: Row by host.
        names: Of the miners, by row.
        replies: What they say.
        manners: How they behave.
        others: Takes over the connections to hosts that are not among these miners.

    Attributes:
        served: Replies sent since the start.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        miners: Mapping[str, int],
        names: Sequence[str],
        replies: Replies,
        manners: Manners,
        others: Callable[[socket.socket], None] = _reset,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets = sockets
        self._miners = miners
        self._names = names
        self._replies = replies
        self._manners = manners
        self._others = others
        self._questions: dict[bytes, str] = {}
        self._held: dict[socket.socket, asyncio.TimerHandle] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._paused: set[asyncio.TimerHandle] = set()
        self.served = 0
        for listener in sockets:
            self._loop.add_reader(listener, self._accept, listener)

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        for timer in self._paused:
            timer.cancel()
        for listener in self._sockets:
            self._loop.remove_reader(listener)
            listener.close()
        for connection in list(self._held):
            self._drop(connection)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                connection, peer = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(listener, error)
                return
            try:
                self._take(connection, peer[0])
            except OSError:
                # The peer has gone already; that is its right.
                connection.close()

    def _pause(self, listener: socket.socket, error: OSError) -> None:
        """Out of files or memory: leave the queue alone for a moment instead of spinning."""
        LOGGER.warning("the miners' listener cannot accept: %s", error.strerror)
        self._loop.remove_reader(listener)
        timer = self._loop.call_later(OUT_OF_FILES_PAUSE, self._loop.add_reader, listener, self._accept, listener)
        self._paused = {waiting for waiting in self._paused if waiting.when() > self._loop.time()} | {timer}

    def _take(self, connection: socket.socket, peer: str) -> None:
        miner = self._miners.get(connection.getsockname()[0])
        if not is_loopback(peer):
            _reset(connection)
            return
        if miner is None:
            self._others(connection)
            return
        manner = self._manners.of_miner(miner)
        if manner == Manner.RESETS:
            _reset(connection)
            return
        if not _AT_ONCE:
            connection.setblocking(False)
        try:
            question = connection.recv(LONGEST_QUESTION, _AT_ONCE)
        except BlockingIOError:
            self._await_question(connection, miner, b"")
            return
        self._hear(connection, miner, manner, question)

    def _hear(self, connection: socket.socket, miner: int, manner: int, question: bytes) -> None:
        command = self._questions.get(question)
        if command is None:
            command = self._understand(question)
            if command is None:
                self._await_question(connection, miner, question)
                return
        if manner == Manner.HANGS:
            self._hold(connection, HOLD_SECONDS)
        elif manner == Manner.SLOW:
            delay = self._manners.delay(self._names[miner])
            self._hold(connection, delay + HOLD_SECONDS)
            late = self._loop.call_later(delay, self._answer_late, connection, miner, command)
            self._paused = {timer for timer in self._paused if timer.when() > self._loop.time()} | {late}
        elif manner == Manner.TRICKLES:
            self._hold(connection, HOLD_SECONDS)
            self._trickle(connection, self._reply(miner, command), self._manners.delay(self._names[miner]))
        else:
            self._answer(connection, miner, command, cut=manner == Manner.CUTS)

    def _understand(self, question: bytes) -> str | None:
        """The command of a question; empty for one that is none, None while it may go on."""
        text = question.strip(b"\x00\r\n\t ")
        try:
            parsed = orjson.loads(text)
        except orjson.JSONDecodeError:
            may_go_on = (text.startswith(b"{") or not text) and len(question) < LONGEST_QUESTION
            return None if may_go_on else ""
        command = parsed.get("command") if isinstance(parsed, dict) else None
        command = command if isinstance(command, str) else ""
        if len(self._questions) < _KNOWN_QUESTIONS:
            self._questions[question] = command
        return command

    def _reply(self, miner: int, command: str) -> bytes:
        replies = self._replies
        return replies.answer(miner, command) if command else replies.refuse("Invalid JSON", 23)

    def _trickle(self, connection: socket.socket, left: bytes, pause: float) -> None:
        """Send one byte now and the others later, for as long as the peer holds out."""
        if connection not in self._held:
            return
        try:
            connection.send(left[:1])
        except OSError:
            self._drop(connection)
            return
        if len(left) > 1:
            self._loop.call_later(pause, self._trickle, connection, left[1:], pause)

    def _answer(self, connection: socket.socket, miner: int, command: str, *, cut: bool) -> None:
        reply = self._reply(miner, command)
        if cut:
            reply = reply[: len(reply) * 2 // 3]
        reply += b"\x00"
        self.served += 1
        sent = connection.send(reply, _AT_ONCE)
        if sent == len(reply):
            connection.close()
            return
        task = self._loop.create_task(self._send_rest(connection, reply[sent:]))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send_rest(self, connection: socket.socket, rest: bytes) -> None:
        connection.setblocking(False)
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                await self._loop.sock_sendall(connection, rest)
        except (OSError, TimeoutError):
            # The reader went away or stalled; nothing more is owed to it.
            LOGGER.debug("a reader did not take its reply")
        finally:
            connection.close()

    def _answer_late(self, connection: socket.socket, miner: int, command: str) -> None:
        if connection not in self._held:
            return
        self._release(connection)
        try:
            self._answer(connection, miner, command, cut=False)
        except OSError:
            connection.close()

    def _hold(self, connection: socket.socket, seconds: float) -> None:
        """Keep a connection open without an answer until the peer hangs up."""
        connection.setblocking(False)
        self._held[connection] = self._loop.call_later(seconds, self._drop, connection)
        self._loop.add_reader(connection, self._held_is_readable, connection)

    def _held_is_readable(self, connection: socket.socket) -> None:
        try:
            more = connection.recv(LONGEST_QUESTION)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self._drop(connection)

    def _await_question(self, connection: socket.socket, miner: int, begun: bytes) -> None:
        """The question has not wholly arrived: wait for the rest, but not for ever."""
        connection.setblocking(False)
        self._held[connection] = self._loop.call_later(QUESTION_SECONDS, self._drop, connection)
        self._loop.add_reader(connection, self._question_goes_on, connection, miner, begun)

    def _question_goes_on(self, connection: socket.socket, miner: int, begun: bytes) -> None:
        try:
            more = connection.recv(LONGEST_QUESTION)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self._drop(connection)
            return
        self._release(connection)
        try:
            self._hear(connection, miner, self._manners.of_miner(miner), begun + more)
        except OSError:
            connection.close()

    def _release(self, connection: socket.socket) -> None:
        self._held.pop(connection).cancel()
        self._loop.remove_reader(connection)

    def _drop(self, connection: socket.socket) -> None:
        if connection in self._held:
            self._release(connection)
        connection.close()
