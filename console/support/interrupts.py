"""Ctrl+C while the program loads: held back until somebody can act on it.

A KeyboardInterrupt raised in the middle of an import of Qt's libraries aborts the process or is lost in a callback.
"""

import signal


def hold_interrupts() -> None:
    """Let SIGINT wait; child processes started meanwhile leave Ctrl+C to this process. Does nothing on Windows."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def release_interrupts() -> None:
    """Deliver a SIGINT that waited, and those to come. Calling it again changes nothing."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
