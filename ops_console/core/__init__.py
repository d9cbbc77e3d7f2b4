"""Rules: what a contract manager could read. Standard library only; no clock, no database."""
