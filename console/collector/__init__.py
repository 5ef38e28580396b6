"""Polling: one poller a device, a schedule for all of them, and the discovery of new ones. No Qt."""
