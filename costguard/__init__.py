"""costguard: what one iteration of a data or ML project costs, line by line, offline."""

__version__ = "0.1.0"
