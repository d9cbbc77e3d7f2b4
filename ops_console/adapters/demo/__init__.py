"""The demo year's hands: its texts, and the folder it lies in."""
