"""python -m console."""
