"""Promises of an SDK, each a small program that runs with the published SDK and with ours.

None of these modules may need more than the SDK it is run with, and the standard library.
"""
