"""terrahash simulate SITE.toml: only the virtual devices of a site, on loopback, until told to stop."""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from drivers.simulators.faults import SPEC_FORM, parse_fault
from drivers.simulators.loopback import ServeError
from drivers.simulators.site import Serving, VirtualSite

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_ENVIRONMENT = 3
PARENT_CHECK_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `terrahash simulate`."""
    parser.add_argument("site", type=Path, metavar="SITE.toml", help="site file with devices on 127.x.y.z")
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC", help=f"a fault: {SPEC_FORM}")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout when ready")
    parser.add_argument("--control-port", type=int, default=0, metavar="PORT", help="control listener; 0 picks one")
    parser.add_argument(
        "--commands", action="store_true", help="take commands on standard input; its end stops the site"
    )
    parser.add_argument("--with-parent", type=int, metavar="PID", help="stop when this process is gone")


def run(arguments: argparse.Namespace) -> int:
    """Serve the site until SIGTERM or SIGINT, the parent's death, or the end of the commands."""
    # A large site is many objects that all stay: looking through them while they are made costs a third of the start.
    gc.disable()
    try:
        faults = [parse_fault(spec) for spec in arguments.fault]
        text = arguments.site.read_text(encoding="utf-8")
        site = VirtualSite.parse(text, faults)
    except OSError as error:
        print(f"terrahash simulate: {arguments.site} cannot be read: {error.strerror}", file=sys.stderr)
        return EXIT_USAGE
    except ValueError as error:
        print(f"terrahash simulate: {arguments.site}: {error}", file=sys.stderr)
        return EXIT_USAGE
    gc.freeze()
    gc.enable()
    _allow_many_files()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(site, arguments))
    except ServeError as error:
        print(f"terrahash simulate: {error}", file=sys.stderr)
        return EXIT_ENVIRONMENT
    return EXIT_OK


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Prefer uvloop, which halves the cost of a poll; on Windows the loop that can watch bare sockets."""
    if sys.platform == "win32":
        return asyncio.SelectorEventLoop
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _allow_many_files() -> None:
    """Raise the limit of open files to what this user may have."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(site: VirtualSite, arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Windows loops take no handlers; Ctrl+C reaches the runner there.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with site.serve(control_port=arguments.control_port) as serving:
        _report_ready(site, serving, as_json=arguments.json)
        if arguments.commands:
            _read_commands(loop, serving, stop)
        await _until_stopped(stop, arguments.with_parent)


def _report_ready(site: VirtualSite, serving: Serving, *, as_json: bool) -> None:
    blueprint = site.blueprint
    counts = {
        "miners": len(blueprint.miners),
        "pdus": len(blueprint.pdus),
        "plants": len(blueprint.plants),
        "meters": len(blueprint.meters),
    }
    host, port = serving.control
    if as_json:
        print(json.dumps({"ready": True, "site": blueprint.name, **counts, "control": f"{host}:{port}"}), flush=True)
    else:
        listed = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        print(f"{blueprint.name} is ready on loopback: {listed}; control at {host}:{port}", flush=True)


async def _until_stopped(stop: asyncio.Event, parent: int | None) -> None:
    is_ours = parent == os.getppid()
    while not stop.is_set():
        if parent is not None and (parent != os.getppid() if is_ours else not _is_alive(parent)):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if parent is None else PARENT_CHECK_SECONDS):
                await stop.wait()


def _is_alive(process: int) -> bool:
    """Whether a process exists. Our own parent is judged by who our parent is, for a dead one may not be buried yet."""
    if os.name == "nt":
        # A signal of 0 would end the process there; the parent closes our input instead.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_commands(loop: asyncio.AbstractEventLoop, serving: Serving, stop: asyncio.Event) -> None:
    """Carry out commands from standard input on the loop; a thread waits for them, for files have no readiness."""

    def carry_out(line: str) -> None:
        print(json.dumps(serving.commands.line(line)), flush=True)

    def read() -> None:
        for line in sys.stdin:
            if line.strip():
                loop.call_soon_threadsafe(carry_out, line)
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=read, name="simulate commands", daemon=True).start()
