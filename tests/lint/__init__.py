"""What the reviewer finds."""
