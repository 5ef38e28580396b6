"""Whole displays, one module each, put together from tiles, tables and charts."""
