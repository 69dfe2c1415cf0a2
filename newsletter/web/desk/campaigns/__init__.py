"""Campaigns at the desk: started, watched, decided on."""
