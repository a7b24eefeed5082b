"""What samples are made for, words and semantic codes, as tokens that a network looks at."""
