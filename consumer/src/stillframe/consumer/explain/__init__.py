"""Why is this partition not moving? What a worker knows of it, in facts and in one sentence."""
