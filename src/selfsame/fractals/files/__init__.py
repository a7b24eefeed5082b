"""Writing data sets of fractals to folders and shards, resumable."""
