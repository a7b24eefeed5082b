"""``selfsame generate``: the command, and the plans for each thing that it makes."""
