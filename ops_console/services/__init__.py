"""Use cases. They read like the service manual and never touch a machine themselves."""
