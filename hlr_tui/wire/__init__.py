"""What goes over the wire to the terminal: only what differs from what it shows already."""
