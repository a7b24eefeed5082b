"""What the commands share: options, the fields of settings, methods, jobs, files of codes."""
