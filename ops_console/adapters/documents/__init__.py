"""Printed documents: each kind of paper behind one function."""
