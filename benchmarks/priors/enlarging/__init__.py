"""Pictures of codes at sizes above that of coding, beside the truth."""
