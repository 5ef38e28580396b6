"""The project's own `.venv` with exactly the locked versions, made with nothing but Python (and pip)."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NoReturn

from installer import system_packages
from installer.failures import InstallFailed, MissingSystemPackage, NoNetwork
from installer.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
REQUIREMENTS = ROOT / "installer" / "requirements.txt"
TEST_REQUIREMENTS = ROOT / "installer" / "requirements-test.txt"
STAMP = FOLDER / "terrahash-installed.txt"
NETWORK_WORDS = (
    "NewConnectionError",
    "Temporary failure in name resolution",
    "Name or service not known",
    "getaddrinfo failed",
    "Network is unreachable",
    "Connection refused",
    "Connection timed out",
    "Read timed out",
    "ProxyError",
    "Could not fetch URL",
)


def interpreter() -> Path:
    """The Python inside `.venv`."""
    return FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ready(requirements: Path) -> bool:
    """Whether `.venv` already holds what the requirements say (the test set contains the plain one)."""
    if not interpreter().exists() or not STAMP.exists():
        return False
    installed = STAMP.read_text(encoding="utf-8").split()
    return _fingerprint(requirements) in installed


def _fingerprint(requirements: Path) -> str:
    content = requirements.read_bytes() + sys.version.encode()
    return hashlib.sha256(content).hexdigest()


def make(requirements: Path, progress: Progress) -> None:
    """Make or complete `.venv`.

    Raises:
        MissingSystemPackage: There is neither ensurepip nor pip, and this user cannot install them.
        NoNetwork: The package index cannot be reached.
        InstallFailed: Anything else pip says.
    """
    if ready(requirements):
        return
    if not _same_python():
        shutil.rmtree(FOLDER, ignore_errors=True)
    pip = _environment_with_pip(progress)
    _install(pip, requirements, progress)
    _link_project()
    _compile_project()
    fingerprints = [_fingerprint(requirements)]
    if requirements == TEST_REQUIREMENTS:
        fingerprints.append(_fingerprint(REQUIREMENTS))
    STAMP.write_text("\n".join(fingerprints) + "\n", encoding="utf-8")


def _same_python() -> bool:
    settings = FOLDER / "pyvenv.cfg"
    if not settings.exists() or not interpreter().exists():
        return False
    version = "{}.{}.{}".format(*sys.version_info[:3])
    return any(
        line.startswith("version") and line.split("=")[1].strip().startswith(version)
        for line in settings.read_text(encoding="utf-8").splitlines()
    )


def _environment_with_pip(progress: Progress) -> list[str]:
    """The command that runs pip on `.venv`."""
    inside = [str(interpreter()), "-m", "pip"]
    if interpreter().exists() and _works([*inside, "--version"]):
        return inside
    if importlib.util.find_spec("ensurepip") is None and importlib.util.find_spec("pip") is None:
        _install_venv_package(progress)
    progress.step("Making .venv with Python {}.{}.{}".format(*sys.version_info[:3]))
    if importlib.util.find_spec("ensurepip") is not None:
        venv.create(FOLDER, with_pip=True, clear=True)
        progress.end("done")
        return inside
    # Debian ships ensurepip apart, in python3-venv; the pip outside can serve an environment that has none.
    venv.create(FOLDER, with_pip=False, clear=True)
    progress.end("done, with the pip outside")
    return [sys.executable, "-m", "pip", "--python", str(interpreter())]


def _install_venv_package(progress: Progress) -> None:
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if not system_packages.may_install():
        raise MissingSystemPackage(
            "This Python has neither ensurepip nor pip, so it cannot make an environment.",
            system_packages.install_command([package]),
        )
    system_packages.install([package], progress)
    importlib.invalidate_caches()


def _works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _install(pip: list[str], requirements: Path, progress: Progress) -> None:
    total = sum(1 for line in requirements.read_text(encoding="utf-8").splitlines() if "==" in line)
    text = "Installing the locked packages"
    progress.step(f"{text} ({total}; PySide6 is the largest, 84 MB)")
    command = [
        *pip,
        "install",
        "--require-hashes",
        "--no-deps",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "--no-input",
        "-r",
        str(requirements),
    ]
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        tail = _follow(process, text, total, progress)
    if process.returncode == 0:
        progress.end("done")
        return
    progress.end("failed")
    explain(tail)


def _follow(process: "subprocess.Popen[str]", text: str, total: int, progress: Progress) -> list[str]:
    done = 0
    tail: list[str] = []
    for line in process.stdout or ():
        tail = [*tail[-40:], line.rstrip()]
        if line.startswith(("Collecting ", "Processing ", "Ignoring ", "Requirement already satisfied")):
            done += 1
            progress.count(text, done, total)
    return tail


def explain(tail: list[str]) -> NoReturn:
    """Turn the end of pip's output into a failure.

    Raises:
        NoNetwork: The index cannot be reached.
        InstallFailed: Anything else.
    """
    output = "\n".join(tail)
    if any(word in output for word in NETWORK_WORDS):
        raise NoNetwork(
            "The package index cannot be reached from this machine.",
            "Check the network or the proxy (https_proxy) and run the same command again; what is already "
            "downloaded is kept.",
        )
    errors = [line for line in tail if line.startswith("ERROR")] or tail[-3:]
    raise InstallFailed(
        "pip could not install the locked packages: " + " ".join(errors),
        "Read the lines above; deleting .venv and running the same command again starts afresh.",
    )


def _compile_project() -> None:
    """Compile the project once, as pip compiles what it installs: the first window comes a second sooner."""
    folders = [str(ROOT / name) for name in ("console", "drivers", "widgets", "resources")]
    subprocess.run([str(interpreter()), "-m", "compileall", "-q", *folders], check=False)


def _link_project() -> None:
    """Let `.venv` find the project and give it the `terrahash` command, without building a package."""
    packages = next(FOLDER.glob("lib/python*/site-packages"), FOLDER / "Lib" / "site-packages")
    (packages / "terrahash.pth").write_text(str(ROOT) + "\n", encoding="utf-8")
    if os.name != "nt":
        command = FOLDER / "bin" / "terrahash"
        command.write_text(
            f"#!{interpreter()}\nimport sys\n\nfrom console.__main__ import main\n\nsys.exit(main())\n",
            encoding="utf-8",
        )
        command.chmod(0o755)
