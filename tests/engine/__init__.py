"""What the scenarios on a real broker share: a task type, workers to run, a journal of what they did."""
