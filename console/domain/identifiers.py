"""New identities: UUIDv7, so that they sort by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id(at: float) -> UUID:
    """A new UUIDv7 that carries the UTC second `at`, to the millisecond."""
    return uuid7(nanoseconds=round(at * 1e9))
