"""The words with which the Admin API reports a changed or unchanged `isActive` (C116)."""


def status_word(was: bool, becomes: bool) -> str:
    """`Active` or `Inactive` if it was so already, else `Activated` or `Deactivated`."""
    if was == becomes:
        return "Active" if becomes else "Inactive"
    return "Activated" if becomes else "Deactivated"
