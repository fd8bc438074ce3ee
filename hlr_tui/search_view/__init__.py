"""What the search screen shows, without the screen: trials, warnings, series of charts, rows of tables."""
