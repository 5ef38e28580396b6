"""Why something is not taken in. Each text is one sentence for the operator; nothing was changed."""


class SyncRefused(ValueError):
    """Nothing was exported or taken in; the text says why and what to do."""


class BundleDamaged(SyncRefused):
    """The file is no bundle, or not as it was written: cut off, changed, or signed by somebody else."""


class ForeignSite(SyncRefused):
    """The bundle or folder is of another site."""


class BaseMissing(SyncRefused):
    """The bundle goes on from a state that this folder has not reached."""


class IntegrityProblem(SyncRefused):
    """Two rows that must be equal differ: an origin wrote twice under one number, or somebody changed a file."""


class KeyMismatch(SyncRefused):
    """An origin that is known here shows another key."""


class PlaceUnusable(SyncRefused):
    """A file or folder cannot be read or written."""


class OlderSchema(SyncRefused):
    """A file was written by an older program and has to be brought up to date first."""
