"""What the end of an attempt means, and what has to happen before its offset may be let go."""
