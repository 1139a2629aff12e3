"""What asks Google Cloud: the only package that imports Google's clients, and only when they are needed."""
