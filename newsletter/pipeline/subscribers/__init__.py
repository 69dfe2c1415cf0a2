"""Readers join, choose and leave."""
