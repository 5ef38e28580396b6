"""The link between a collector and its consoles: messages, server and client over a local socket. No Qt."""
