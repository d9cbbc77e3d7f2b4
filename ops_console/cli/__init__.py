"""The terminal. What a page offers, a command offers too; it can never act for a party."""
