"""terrahash [FOLDER...]: the desktop console; without a folder, its start page."""

import argparse
import os
import sys
from pathlib import Path

USAGE = 2
ENVIRONMENT = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="site folders")
    parser.add_argument(
        "--offline", action="store_true", help="open the folders as they are: no collector, what is on record"
    )
    parser.add_argument("--display", default="", metavar="NAME", help="display shown first: site, fleet, incidents...")
    parser.add_argument("--theme", choices=("dark", "light"), help="colours (default: the setting, else dark)")
    parser.add_argument("--headless", action="store_true", help="the real window without a display")
    parser.add_argument("--for", dest="seconds", type=float, metavar="S", help="close after so many seconds")
    parser.add_argument("--size", type=window_size, metavar="WxH", help="size of the window in pixels")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="write a picture of the window at the end")


def window_size(text: str) -> tuple[int, int]:
    """Read `1366x768`."""
    width, cross, height = text.partition("x")
    if not cross or not width.isdecimal() or not height.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it like 1366x768")
    return int(width), int(height)


def has_display() -> bool:
    """Whether a window can be seen: always, except on Unix without X and Wayland."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run(arguments: argparse.Namespace) -> int:
    """Show the console until it is closed."""
    absent = [str(folder) for folder in arguments.folders if not folder.is_dir()]
    if absent:
        print(
            f"terrahash: {absent[0]} is neither a command nor a folder. `terrahash --help` lists the commands; "
            "`terrahash site import FOLDER FILE` makes a site folder.",
            file=sys.stderr,
        )
        return USAGE
    if not arguments.headless and not has_display() and "QT_QPA_PLATFORM" not in os.environ:
        print(
            "terrahash: there is no display (DISPLAY and WAYLAND_DISPLAY are not set). "
            "Use --headless, or a command such as `terrahash collect`.",
            file=sys.stderr,
        )
        return ENVIRONMENT
    from console.services.ports import UnreadableRecord
    from console.settings.schema import read_settings, settings_path
    from console.support import log
    from console.support.interrupts import hold_interrupts, release_interrupts

    hold_interrupts()
    try:
        from console.desktop import Look, Session, run_console

        log.set_up()
        settings = read_settings(settings_path())
        theme = arguments.theme or settings.theme.value
        look = Look(theme, arguments.size, arguments.headless, still=settings.reduced_motion)
        session = Session(
            arguments.seconds, arguments.screenshot, display=arguments.display, collect=not arguments.offline
        )
        return run_console(arguments.folders, look=look, session=session)
    except ValueError as error:
        print(f"terrahash: {error}", file=sys.stderr)
        return USAGE
    except UnreadableRecord as error:
        print(f"terrahash: {error}", file=sys.stderr)
        return ENVIRONMENT
    finally:
        release_interrupts()
