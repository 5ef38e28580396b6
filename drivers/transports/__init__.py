"""Bytes and deadlines: one transport a protocol, one taxonomy of errors."""
