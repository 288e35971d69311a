"""What can be seen: listeners of the events, none of which the engine knows."""
