"""Two scans of one project, side by side."""
