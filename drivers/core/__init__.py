"""The vocabulary that every driver, and the console above, share. Imports nothing but the standard library."""
