"""The picture codec beside others: rates, ideas, seconds, searches, enlargements."""
