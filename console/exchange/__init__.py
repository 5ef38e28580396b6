"""Files in and out: the site file, CSV."""
