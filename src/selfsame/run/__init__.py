"""How work is carried out: executors, the ledger, progress, threads, devices."""
