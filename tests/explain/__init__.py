"""What is explained, and how."""
