"""The lowest room: names, nested structures, argument checks, errors, tables of names. Imports nothing of tinynet."""
