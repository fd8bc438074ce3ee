"""From finished runs to answers."""
