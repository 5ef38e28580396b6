"""Tables with thousands of rows."""
