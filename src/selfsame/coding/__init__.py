"""What the file formats of all families share: container, fields, range coder."""
