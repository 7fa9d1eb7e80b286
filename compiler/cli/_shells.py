"""Completion in bash, where a colon is part of a word: `egc credential:scopes`. In zsh and fish click's own is right.

Importing this module makes click use it.
"""

import os
from typing import ClassVar

from click.shell_completion import BashComplete, add_completion_class, split_arg_string

SCRIPT = r"""
%(complete_func)s() {
    local line=${COMP_LINE:0:COMP_POINT} type value
    local word=${line##*[[:space:]]}
    # bash breaks words at a colon, and replaces only what stands behind it.
    local before=${word%%"${word##*:}"}
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("${value#"$before"}") ;;
        esac
    done < <(COMP_LINE=$line %(complete_var)s=bash_complete "$1" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
"""Needs bash 4.4."""


@add_completion_class
class Bash(BashComplete):
    """Reads the line itself, for bash's own words are cut at colons."""

    source_template: ClassVar[str] = SCRIPT.lstrip()

    def source(self) -> str:
        """The script; whether this machine's bash is new enough is not asked, it may be for another one."""
        return self.source_template % self.source_vars()

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the one that it stands at the end of."""
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        return words[1:], incomplete
