"""The schemas that editors get."""
