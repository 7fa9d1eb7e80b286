"""What others run egc with: GitHub, GitLab, pre-commit."""
