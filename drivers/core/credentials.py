"""What a person has set for one device to log in with. Never guessed, never logged, never part of a text."""

from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a secret. Neither is part of its text, so that no log and no error can show them.

    Attributes:
        user: User name; empty where the firmware knows a secret only.
        secret: Password or token.
    """

    user: str = field(repr=False)
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, text: str, default_user: str = "") -> Self:
        """Read `user:secret`, or a secret alone for the default user.

        Raises:
            ValueError: There is no secret.
        """
        user, separator, secret = text.partition(":")
        if not separator:
            user, secret = default_user, text
        if not secret:
            raise ValueError("the login has no secret; write user:secret")
        return cls(user, secret)
