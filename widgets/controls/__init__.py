"""Small building blocks: panels, buttons, switches, chips, key hints."""
