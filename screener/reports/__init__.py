"""Questions asked of the call log, and how the answers are shown.

A report is one file: what it counts, then its page with the rows and the calls that each figure leads to. `every`
has the table of them; a new one is a file and a line there.
"""
