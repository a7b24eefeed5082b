"""``selfsame info``: what a code file holds, one file per family."""
