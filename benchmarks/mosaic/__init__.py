"""Pictures made of themselves."""
