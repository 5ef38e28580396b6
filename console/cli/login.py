"""Credentials for one command: named by a keyring entry or read from stdin, never an argument."""

import argparse
import sys

from console.settings.secrets import read_secret
from drivers.transports.snmp import SnmpTarget


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options by which SNMP agents are read."""
    parser.add_argument(
        "--login",
        metavar="ENTRY",
        help="secret (terrahash secret) with user:secret of a miner, the SNMP community, or user:passphrase for "
        "SNMP version 3; - reads it from stdin",
    )
    parser.add_argument(
        "--snmp-version", choices=("1", "2c", "3"), default="2c", help="SNMP version the login is for (default 2c)"
    )


def read_login(arguments: argparse.Namespace) -> str | None:
    """The secret that --login names; None when it was not given, and then nothing secret is sent.

    Raises:
        LookupError: There is no such secret.
    """
    entry: str | None = arguments.login
    if entry is None:
        return None
    return sys.stdin.readline().strip() if entry == "-" else read_secret(entry)


def snmp_target(arguments: argparse.Namespace, secret: str | None) -> SnmpTarget | None:
    """How to read SNMP agents with that secret; None for the usual way without one.

    Raises:
        ValueError: The secret does not suit the version, or version 3 has none.
    """
    version: str = arguments.snmp_version
    if secret is not None:
        return SnmpTarget.from_secret(version, secret)
    if version == "3":
        raise ValueError("SNMP version 3 needs --login ENTRY (user:passphrase)")
    return SnmpTarget(version=version)
