"""Hands: files, machines and other libraries, behind the ports of the services."""
