"""Small programs that are run by another interpreter, with orders on stdin and JSON on stdout.

Those for an SDK are told its module: the same program runs on the published SDK and on ours.
"""
