"""What the results screen shows, without the screen: rankings, series of the budget chart, rows of tables."""
