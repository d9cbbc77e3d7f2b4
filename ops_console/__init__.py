"""The operations console of an outsourced hospital platform."""
