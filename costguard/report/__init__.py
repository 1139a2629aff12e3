"""The weekly figures: each is defined once, for every format that shows it."""
