"""What an operator does from outside a worker."""
