"""The schedule lab's logic: what is on the bench, how a dial turns, the lines to draw and their figures."""
