"""Pictures in files with words beside them: texts, a table, shards of a WebDataset."""
