"""Makes up eight weeks of the example: jobs, and the bill for them. `make_history.py` writes the files."""
