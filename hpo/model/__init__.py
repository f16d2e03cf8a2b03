"""A trained model as one file: exported in a format, described by a card, opened again, and used on images."""
