"""Keep logins and communities in the keyring, or in the vault of an unattended collector; a site file only names them.

The secret is asked for without showing it, or read from stdin when that is no terminal; it is never an argument.
"""

import argparse
import getpass
import json
import re
import sys

from console.settings.secrets import Place, SecretMissing, remove_secret, where_is, write_secret
from console.settings.vault import Vault, VaultError

OK, FOUND_PROBLEMS, USAGE, ENVIRONMENT = range(4)
_NAME = re.compile(r"[\w.@ -]{1,100}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("action", choices=("set", "check", "remove", "list"), help="list shows the names in the vault")
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="as the site file names it")
    parser.add_argument("--vault", action="store_true", help="keep it in the vault instead of the keyring")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Do it; 1 when there is no such secret, 2 for wrong usage, 3 when neither place can be opened."""
    name: str = arguments.name
    if arguments.action != "list" and not _NAME.fullmatch(name):
        print("name the secret with letters, digits, spaces and . - _ @, at most 100", file=sys.stderr)
        return USAGE
    try:
        if arguments.action == "list":
            return _say(arguments, {"vault": Vault().names()}, "\n".join(Vault().names()) or "the vault is empty")
        if arguments.action == "set":
            return _set(arguments, name)
        if arguments.action == "remove":
            places = [place.value for place in remove_secret(name)]
            text = f"removed from the {' and the '.join(places)}" if places else f"there is no secret {name!r}"
            return _say(arguments, {"name": name, "removed": places}, text, found=bool(places))
        place = where_is(name)
        text = f"{name!r} is in the {place}" if place else f"there is no secret {name!r}"
        return _say(arguments, {"name": name, "place": place}, text, found=place is not None)
    except (SecretMissing, VaultError) as error:
        print(error.args[0], file=sys.stderr)
        return ENVIRONMENT


def _set(arguments: argparse.Namespace, name: str) -> int:
    if sys.stdin.isatty():
        secret = getpass.getpass(f"secret {name} (a login is written user:secret): ")
    else:
        secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        print("the secret is empty; nothing was kept", file=sys.stderr)
        return USAGE
    place = Place.VAULT if arguments.vault else Place.KEYRING
    write_secret(name, secret, place)
    return _say(arguments, {"name": name, "place": place}, f"{name!r} is in the {place}")


def _say(arguments: argparse.Namespace, answer: dict[str, object], text: str, *, found: bool = True) -> int:
    print(json.dumps(answer) if arguments.json else text)
    return OK if found else FOUND_PROBLEMS
