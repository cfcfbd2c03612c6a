"""Builds in which one guarantee is taken away on purpose, and the runs that catch them."""
