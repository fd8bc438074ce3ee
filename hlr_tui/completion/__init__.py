"""What TAB offers: `candidates` from the parsers of the commands, handed to the shell by argcomplete's protocol."""
