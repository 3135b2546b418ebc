"""Gowin GW1N and GW2A."""
