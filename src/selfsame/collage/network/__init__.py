"""The networks that write collages, their training and their files."""
