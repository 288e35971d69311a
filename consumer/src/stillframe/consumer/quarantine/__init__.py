"""Tasks that kill their worker process: who was in flight, who is a suspect, who is condemned."""
