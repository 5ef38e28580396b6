"""Header, navigation rail, time bar, status line: the frame around every display."""
