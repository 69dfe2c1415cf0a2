"""Releases that are made up, by a seed: offices × layouts × defects, each with what to read off it.

``python -m tools.releases`` measures what an import makes of them. Odd seeds are for tuning, even
ones for testing; these draw other words from the lists too, so that a rule which knows a phrase of
the tuning part gains nothing in the other.
"""
