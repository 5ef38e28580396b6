"""Keeping a site folder well: retention, room on the disk, backup, restore, checks, repair."""
