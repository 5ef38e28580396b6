"""What tests of drivers need: recorded replies played back over real sockets, and the checks every driver passes."""
