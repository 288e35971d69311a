"""Who runs a task, and when."""
