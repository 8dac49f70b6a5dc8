"""The head of a table for the small law of the tests, and the map of its columns."""

MAP = """
station = ["place", "number"]
group = "day"

[lines]
1 = "issued"
11a = "found"

[options]
votes = ["north", "south"]

[parameters]
M = 1

[marks]
no_data = ["", "-"]
illegible = ["?"]
"""
HEAD = "day,place,number,issued,found,north,south\n"
