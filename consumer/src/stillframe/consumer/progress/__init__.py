"""What may be committed."""
