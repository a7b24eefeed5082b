"""What the commands share: options, what a call gives and says, files of codes."""
