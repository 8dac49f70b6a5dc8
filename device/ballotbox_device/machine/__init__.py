"""The mechanism around the firmware: paper, people and parts, and all that goes wrong with them.

Pure as the core: time is an argument, and what goes wrong is said beforehand, never drawn.
"""
