"""Keeps Python's garbage collector from stopping the event loop.

A full collection looks at every container there is. A site of 30,000 miners has about a million that live as long
as the process; looking at them takes up to a second, again and again, and finds nothing.
"""

import gc

THRESHOLDS = (2_000, 20, 50)
"""Rarer than Python's own (700, 10, 10): a poll leaves next to nothing in cycles."""


class LongLived:
    """Takes what has come to stay out of the collector's sight, as long as the site grows."""

    def __init__(self) -> None:
        self._frozen = -1

    def round(self, revision: int) -> bool:
        """Call every second with the shape's revision; returns whether objects were taken out this time.

        Only the two younger generations are collected before, which takes milliseconds: what was just thrown away in
        cycles would otherwise stay for good. Objects that are taken out are freed as usual when nobody refers to
        them any more.
        """
        if revision == self._frozen:
            return False
        gc.collect(1)
        gc.freeze()
        self._frozen = revision
        return True


def start_clean() -> None:
    """Collect once while nobody waits, and take everything that was imported and built out of sight."""
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()
