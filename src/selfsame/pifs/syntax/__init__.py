"""Block codes as bits: partition, maps and levels under adaptive contexts."""
