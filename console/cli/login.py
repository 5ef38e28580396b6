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
        help="keyring entry with the SNMP community, or user:passphrase for version 3; - reads it from stdin",
    )
    parser.add_argument(
        "--snmp-version", choices=("1", "2c", "3"), default="2c", help="SNMP version the login is for (default 2c)"
    )


def snmp_target(arguments: argparse.Namespace) -> SnmpTarget | None:
    """How to read SNMP agents; None when no login was named, and then nothing secret is sent.

    Raises:
        LookupError: The keyring has no such entry.
        ValueError: What it holds does not suit the version.
    """
    entry: str | None = arguments.login
    version: str = arguments.snmp_version
    if entry is None:
        if version == "3":
            raise ValueError("SNMP version 3 needs --login ENTRY (user:passphrase)")
        return SnmpTarget(version=version)
    secret = sys.stdin.readline().strip() if entry == "-" else read_secret(entry)
    return SnmpTarget.from_secret(version, secret)
