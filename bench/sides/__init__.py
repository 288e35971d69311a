"""One module for each side of the comparison; each runs in a process of its own and prints one JSON line."""
