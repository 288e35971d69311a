"""What comes in, and when to hold it back."""
