"""Facts and catalog become bytes, and bytes become dollars."""
