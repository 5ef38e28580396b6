"""The local SQLite store of a site folder. The only package that sees SQLAlchemy."""
