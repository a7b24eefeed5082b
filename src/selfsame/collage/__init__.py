"""Neural collages: every range block a soft mixture of domain blocks and auxiliary blocks."""
