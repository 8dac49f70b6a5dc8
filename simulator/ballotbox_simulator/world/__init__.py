"""The simulated world: production cores under one virtual clock, one seed and an auditor.

Only what surrounds the cores is simulated: time, lines, brokers, links, disks, power and people.
"""
