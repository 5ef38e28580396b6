"""Why set-up stops: one sentence what happened, one what to do."""


class SetupError(Exception):
    """Set-up cannot go on.

    Attributes:
        remedy: What the user does next, ready to be typed where it is a command.
    """

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


class NoNetwork(SetupError):
    """The package index cannot be reached."""


class MissingSystemPackage(SetupError):
    """The operating system lacks something that only an administrator can install."""


class InstallFailed(SetupError):
    """pip ran, reached its index, and still failed."""
