"""The guest book: visitors leave their name, a line and a photo."""
