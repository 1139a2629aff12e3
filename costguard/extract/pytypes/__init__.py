"""Types of Python expressions, and what the code does to data: calls, frames and loops."""
