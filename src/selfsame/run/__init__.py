"""How work is carried out: threads, processes, devices."""
