"""Measures costguard against floors taken in the same run: `make bench PATHS="directory ..."`."""
