"""The lowest room: names, nested structures, argument checks, errors, tables of names; imports no other room."""
