"""Sets the project up on a bare machine with nothing but Python: `python3 -m installer demo` and `test`.

Standard library only. This page runs first and keeps to words that every Python understands (also Python 2), so that
an old interpreter says that it is too old instead of failing over the syntax of the other pages.
"""

import os
import sys

OLDEST = (3, 11)


def newer_python(folders):  # type: (list[str]) -> str
    """The name of a new enough interpreter in these folders; empty where there is none."""
    for minor in range(14, OLDEST[1] - 1, -1):
        name = "python3." + str(minor)
        for folder in folders:
            if os.path.exists(os.path.join(folder, name)):
                return name
    return ""


if sys.version_info[:2] < OLDEST:
    _newer = newer_python(os.environ.get("PATH", "").split(os.pathsep))
    sys.stderr.write(
        "Wrong Python: 3.11 or newer is needed, and "
        + sys.executable
        + " is "
        + ".".join(map(str, sys.version_info[:2]))
        + ".\n  To do: "
        + ((_newer + " -m installer " + " ".join(sys.argv[1:])) if _newer else "install Python 3.11 or newer.")
        + "\n"
    )
    sys.exit(3)
