"""Libraries and tools of the operating system: which are missing, and how they come onto Debian and Ubuntu."""

import ctypes
import os
import shutil
import subprocess
import sys

from installer.failures import MissingSystemPackage
from installer.progress import Progress
from resources import system_libraries

TEST_TOOLS: dict[str, str] = {"snmpd": "snmpd", "snmpget": "snmp", "Xvfb": "xvfb", "xdotool": "xdotool"}


def has_display() -> bool:
    """Whether a window could open: always on Windows and macOS, elsewhere when a display is announced."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def missing_libraries(window: bool) -> list[str]:
    """Debian names of the Qt libraries that cannot be loaded; empty on other systems than Linux."""
    if not sys.platform.startswith("linux"):
        return []
    wanted = system_libraries("offscreen")
    if window:
        wanted |= system_libraries("window")
    return sorted(package for library, package in wanted.items() if not _loads(library))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_tools() -> list[str]:
    """Debian names of the test tools that are not on the path (daemons live in sbin)."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return sorted(package for tool, package in TEST_TOOLS.items() if shutil.which(tool, path=path) is None)


def may_install() -> bool:
    """Whether this user can install Debian packages without asking anybody."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_command(packages: list[str]) -> str:
    """The one command that a user with administrator rights types."""
    if shutil.which("apt-get"):
        return "sudo apt-get install " + " ".join(packages)
    return "install the equivalents of these Debian packages: " + " ".join(packages)


def install(packages: list[str], progress: Progress) -> None:
    """Install Debian packages as root.

    Raises:
        MissingSystemPackage: apt-get failed; the text carries its last line.
    """
    progress.step("Installing system packages: " + ", ".join(packages))
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    quiet = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    install_them = [*quiet, "install", "-y", "--no-install-recommends", *packages]
    for command in (install_them, [*quiet, "update"], install_them):
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if result.returncode == 0 and command is install_them:
            progress.end("done")
            return
    progress.end("failed")
    lines = (result.stderr or result.stdout).strip().splitlines()
    raise MissingSystemPackage(
        "apt-get could not install {}: {}".format(" ".join(packages), lines[-1] if lines else "no message"),
        f"Run `{install_command(packages)}` and look at its messages.",
    )


def require_libraries(window: bool, progress: Progress) -> None:
    """See to it that Qt can start, installing what is missing where that is allowed.

    Raises:
        MissingSystemPackage: Something is missing and this user cannot install it.
    """
    missing = missing_libraries(window)
    if not missing:
        return
    if not may_install():
        raise MissingSystemPackage(
            "Qt needs system libraries that are not here: " + ", ".join(missing),
            install_command(missing),
        )
    install(missing, progress)


def offer_test_tools(progress: Progress) -> None:
    """Install what some tests talk to; where that is not allowed those tests are skipped, and this says so."""
    missing = missing_tools()
    if not missing:
        return
    if not may_install():
        progress.say("  Some tests will be skipped. For all of them: " + install_command(missing))
        return
    try:
        install(missing, progress)
    except MissingSystemPackage as error:
        progress.say(f"  Some tests will be skipped: {error}")
