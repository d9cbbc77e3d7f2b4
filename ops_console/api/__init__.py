"""The API's face: JSON under /api/v1 for scripts and other systems, by personal tokens."""
