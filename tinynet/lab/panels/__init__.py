"""The panels: one module each; see panel.py."""
