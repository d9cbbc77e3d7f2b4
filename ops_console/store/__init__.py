"""Rows and queries. Every select of the console lives here, in a named function."""
