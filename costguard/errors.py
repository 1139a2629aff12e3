"""What ends a command with exit code 2 and one clear line."""

from __future__ import annotations


class UsageProblem(Exception):  # noqa: N818 - it is the user's to solve, not a failure of the program
    """Something given on the command line or in a config file that cannot be used.

    The text says what, where and what to do; several problems are several lines.
    """
