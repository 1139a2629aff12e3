"""The only code that talks to Google Cloud; its clients are loaded when a command needs them."""
